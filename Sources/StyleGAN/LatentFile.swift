import Checkpoints
import Tensors

/// A file of latents, as inversion tools write them: `w_plus.npy`, `latents.pt`, NVIDIA's `projected_w.npz`, or codes
/// in S.
///
/// The array's shape says what it is, beside the generator's sizes: w `[N, w_dim]`, w+ `[N, L, w_dim]` or
/// `[L, w_dim]`, s `[N, C_total]`, or a list of every layer's styles `[N, C]`. A file may hold several under names
/// that end in `latent`, as rosinality's projector writes them; they follow one another in the order of the names.
public enum LatentFile {
    /// The style codes that a file stands for: `[N, C_total]`.
    /// - Throws: `GeneratorError.latents` that says what the file holds where nothing in it fits the generator.
    public static func styles(path: String, for generator: Generator) throws(GeneratorError) -> Tensor {
        let checkpoint = try reading { () throws(CheckpointError) in try Checkpoint.open(path: path) }
        return try styles(checkpoint, for: generator)
    }

    static func styles(_ checkpoint: Checkpoint, for generator: Generator) throws(GeneratorError) -> Tensor {
        if let layered = try layeredStyles(checkpoint, generator.styleSpace.layers) { return layered }
        let names = checkpoint.names.count == 1 ? checkpoint.names : checkpoint.names.filter(isLatentName)
        var parts: [Tensor] = []
        for name in names {
            let tensor = try reading { () throws(CheckpointError) in try checkpoint.tensor(name) }
            guard let part = try styles(tensor, generator) else { continue }
            if let position = part.values.firstIndex(where: { !$0.isFinite }) {
                throw .latents(path: checkpoint.path, reason: "\(name) is not finite at \(position)")
            }
            parts.append(part)
        }
        guard !parts.isEmpty else {
            let shapes = checkpoint.names.prefix(4).compactMap { name in
                checkpoint.shape(of: name).map { "\(name) \($0)" }
            }
            let sizes = generator.configuration
            throw .latents(
                path: checkpoint.path,
                reason: "it holds \(shapes.joined(separator: ", ")); w [N, \(sizes.wDimension)], "
                    + "w+ [N, \(sizes.latentCount), \(sizes.wDimension)] or s [N, \(generator.styleSpace.count)] is needed"
            )
        }
        return try joined(parts, width: generator.styleSpace.count)
    }

    private static func isLatentName(_ name: String) -> Bool {
        ["w", "latent", "latents", "w_plus", "s"].contains(String(name.split(separator: ".").last ?? ""))
    }

    /// The style codes of one array, or nil where its shape is of no latents of this generator.
    private static func styles(_ tensor: Tensor, _ generator: Generator) throws(GeneratorError) -> Tensor? {
        let sizes = generator.configuration
        let (count, width) = (sizes.latentCount, sizes.wDimension)
        let extents = tensor.shape.dimensions
        func reshaped(_ dimensions: [Int]) throws(GeneratorError) -> Tensor {
            try shaping { () throws(ShapeError) in try tensor.reshaped(to: Shape(dimensions)) }
        }
        switch extents {
        case [generator.styleSpace.count]: return try reshaped([1, extents[0]])
        case [width]: return try generator.styleSpace.styles(repeated(reshaped([1, width]), sizes))
        case [count, width]: return try generator.styleSpace.styles(reshaped([1, count, width]))
        default: break
        }
        guard tensor.count > 0 else { return nil }
        switch extents.count {
        case 2 where extents[1] == generator.styleSpace.count: return tensor
        case 2 where extents[1] == width: return try generator.styleSpace.styles(repeated(tensor, sizes))
        case 3 where extents[1...] == [1, width]:
            return try generator.styleSpace.styles(repeated(reshaped([extents[0], width]), sizes))
        case 3 where extents[1...] == [count, width]: return try generator.styleSpace.styles(tensor)
        default: return nil
        }
    }

    /// w for every layer: `[N, w_dim]` → `[N, L, w_dim]`.
    private static func repeated(
        _ w: Tensor, _ sizes: GeneratorConfiguration
    ) throws(GeneratorError) -> Tensor {
        let (samples, count, width) = (w.shape[0], sizes.latentCount, sizes.wDimension)
        var latents = Tensor(
            zeros: try shaping { () throws(ShapeError) in try Shape([samples, count, width]) })
        w.withUnsafeValues { w in
            latents.withUnsafeMutableValues { latents in
                for row in 0..<samples * count {
                    for i in 0..<width { latents[row * width + i] = w[row / count * width + i] }
                }
            }
        }
        return latents
    }

    /// Styles layer by layer, named by the layers or by their numbers; nil where the file is no such list.
    private static func layeredStyles(
        _ checkpoint: Checkpoint, _ layers: [StyleLayer]
    ) throws(GeneratorError) -> Tensor? {
        let names = layers.map(\.name)
        let numbers = layers.indices.map(String.init)
        guard let found = [names, numbers].first(where: { $0.allSatisfy(checkpoint.contains) }) else {
            return nil
        }
        var columns: [Tensor] = []
        for (name, layer) in zip(found, layers) {
            let tensor = try reading { () throws(CheckpointError) in try checkpoint.tensor(name) }
            guard tensor.count > 0, tensor.count.isMultiple(of: layer.channels),
                tensor.shape.dimensions.last == layer.channels
            else {
                throw .latents(
                    path: checkpoint.path,
                    reason: "\(name) has shape \(tensor.shape) where [N, \(layer.channels)] is needed")
            }
            columns.append(tensor)
        }
        let samples = columns[0].count / layers[0].channels
        let width = layers.reduce(0) { $0 + $1.channels }
        guard zip(columns, layers).allSatisfy({ $0.count == samples * $1.channels }) else {
            throw .latents(path: checkpoint.path, reason: "its layers hold different numbers of codes")
        }
        var styles = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([samples, width]) })
        styles.withUnsafeMutableValues { styles in
            for (column, layer) in zip(columns, layers) {
                column.withUnsafeValues { column in
                    for sample in 0..<samples {
                        for i in 0..<layer.channels {
                            styles[sample * width + layer.range.lowerBound + i] =
                                column[sample * layer.channels + i]
                        }
                    }
                }
            }
        }
        return styles
    }

    private static func joined(_ parts: [Tensor], width: Int) throws(GeneratorError) -> Tensor {
        if parts.count == 1 { return parts[0] }
        return try shaping { () throws(ShapeError) in
            try Tensor(
                parts.flatMap(\.values), shape: Shape([parts.reduce(0) { $0 + $1.shape[0] }, width]))
        }
    }
}
