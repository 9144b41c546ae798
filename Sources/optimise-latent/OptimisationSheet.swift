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

    func drawn(_ latents: [OptimisedLatent], _ generator: Generator) throws -> Picture {
        let renderer = try DirectionRenderer(generator, batch: 1)
        let factor = max(1, Self.smallestSide / generator.configuration.resolution)
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
