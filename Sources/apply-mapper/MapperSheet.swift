import Editing
import Pictures
import StyleGAN
import Tensors

/// Faces down; across, the original and its edits at some strengths k: G(w + k · 0.1 · M(w)).
struct MapperSheet {
    /// Smaller pictures are enlarged to at least this side.
    private static let smallestSide = 128

    /// w+ of every face at the last strength: `[N, L, w_dim]`.
    let edited: Tensor
    /// The mean square of every face's step.
    let distances: [Float]
    private let title: String
    private let labels: [String]
    private let rows: [[Picture]]

    /// - Parameter latents: w+ of every face, `[1, L, w_dim]` each.
    init(
        phrase: String?, network: MapperNetwork, generator: Generator, latents: [Tensor], strengths: [Float]
    ) throws {
        let renderer = try DirectionRenderer(generator, batch: 1)
        let factor = max(1, Self.smallestSide / generator.configuration.resolution)
        var (rows, edited, distances): ([[Picture]], [Float], [Float]) = ([], [], [])
        for w in latents {
            let step = try network(w)
            let codes = [w] + strengths.map { LatentMapper.edited(w, by: step, strength: $0) }
            rows.append(
                try codes.map { code in
                    let images = try renderer.images(styles: generator.styleSpace.styles(code))
                    return try Picture.pictures(images)[0].enlarged(by: factor)
                })
            edited += codes.last?.values ?? []
            distances.append(step.withUnsafeValues { $0.reduce(0) { $0 + $1 * $1 } } / Float(step.count))
        }
        self.rows = rows
        self.distances = distances
        let shape = latents.first?.shape.dimensions.dropFirst() ?? []
        self.edited = try Tensor(edited, shape: Shape([latents.count] + shape))
        title = phrase ?? "latent mapper"
        labels = ["original"] + strengths.map { "step × \($0 == $0.rounded() ? "\(Int($0))" : "\($0)")" }
    }

    func drawn(rowLabels: [String]) throws -> Picture {
        try Sheet(
            title: title, columnLabels: labels, rowLabels: rowLabels, rows: rows, framedColumn: 0
        ).drawn()
    }
}
