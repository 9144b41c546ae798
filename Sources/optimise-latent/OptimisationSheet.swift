import CommandKit
import Editing
import Pictures
import StyleGAN
import Tensors

/// Faces down; across, the original, what it was on the way, and the result.
struct OptimisationSheet {
    /// Smaller pictures are enlarged to at least this side.
    private static let smallestSide = 128

    private let title: String
    private let space: LatentSpace
    private let labels: [String]

    /// - Parameter steps: After which of them codes were kept on the way.
    init(_ phrase: String, _ settings: LatentOptimisation.Settings, steps: [Int]) {
        title = "\(phrase), \(settings.space.rawValue), λ \(settings.distanceWeight)"
        space = settings.space
        labels = ["original"] + steps.map { "step \($0)" } + ["result"]
    }

    /// How many times as large a picture is shown.
    private func factor(_ generator: Generator) -> Int {
        max(1, Self.smallestSide / generator.configuration.resolution)
    }

    private func pixels(faces: Int, _ generator: Generator) -> Int {
        let (sizes, factor) = (generator.configuration, factor(generator))
        return faces * labels.count * sizes.resolution * sizes.width * factor * factor
    }

    /// The memory that the pictures take, in bytes: one by one, together, and as they are written.
    func memory(faces: Int, _ generator: Generator) -> Int { 3 * 3 * pixels(faces: faces, generator) }

    /// Throws where no picture can hold so many faces, before the work that would be lost.
    func requireRoom(faces: Int, _ generator: Generator) throws(OptionError) {
        // Labels and gaps are a few in a hundred.
        guard pixels(faces: faces, generator) > Picture.largestCount / 10 * 9 else { return }
        throw OptionError("a sheet of \(faces) faces would be too large a picture; give fewer --faces")
    }

    func drawn(_ latents: [OptimisedLatent], _ generator: Generator) throws -> Picture {
        let renderer = try DirectionRenderer(generator, batch: 1)
        let factor = factor(generator)
        let rows = try latents.map { latent in
            try ([latent.start] + latent.onTheWay + [latent.code]).map { code in
                let images = try renderer.images(styles: space.styles(of: code, generator))
                return try Picture.pictures(images)[0].enlarged(by: factor)
            }
        }
        return try Sheet(
            title: title, columnLabels: labels, rowLabels: latents.indices.map(String.init), rows: rows,
            framedColumn: 0
        ).drawn()
    }
}
