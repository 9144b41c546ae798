import CommandKit
import Directions
import Editing
import Pictures
import StyleGAN
import Tensors

/// The sheet of an answer: faces of a seed down, strengths across.
struct FaceSheet {
    /// Smaller pictures are enlarged to at least this side.
    private static let smallestSide = 128

    /// What the faces are moved along.
    struct Subject {
        let title: String
        /// ∆s: `[C_total]`.
        let change: [Float]
        /// How many channels are not zero.
        let kept: Int
        /// α of the outermost columns.
        let strength: Float
    }

    private let subject: Subject
    private let faces: [[Picture]]
    private let strengths: [Float]
    /// What the rows' labels begin with: the seed, or nothing for faces of a file.
    private let source: String

    init(
        _ subject: Subject, generator: Generator, faces: Int, from faceSource: FaceSource, strengths: [Float]
    ) throws {
        let renderer = try DirectionRenderer(generator, batch: strengths.count)
        let factor = max(1, Self.smallestSide / generator.configuration.resolution)
        // A face at a time, so that a large generator's sheet takes no more memory than its pictures.
        self.faces = try (0..<faces).map { face in
            let moved = try DirectionRenderer.moved(
                renderer.style(ofFace: face, from: faceSource), along: subject.change, strengths: strengths)
            return try Picture.pictures(renderer.images(styles: moved)).map { try $0.enlarged(by: factor) }
        }
        self.subject = subject
        self.strengths = strengths
        source = if case .seed(let seed, _) = faceSource { "\(seed):" } else { "" }
    }

    func drawn() throws -> Picture {
        try Sheet(
            title: subject.title,
            columnLabels: strengths.map {
                $0 == 0 ? "original" : "α \($0 < 0 ? "−" : "+")\(Self.short(abs($0)))"
            },
            rowLabels: faces.indices.map { "\(source)\($0)" },
            rows: faces, framedColumn: strengths.firstIndex(of: 0)
        ).drawn()
    }

    /// A strength with at most two places: "6", "2.5", "0.67".
    private static func short(_ value: Float) -> String {
        let hundredths = (value * 100).rounded() / 100
        return hundredths == hundredths.rounded() ? String(Int(hundredths)) : String(hundredths)
    }
}
