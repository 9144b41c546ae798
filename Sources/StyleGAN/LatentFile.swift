import Checkpoints
import Tensors

/// A file of latents, as inversion tools write them: `w_plus.npy`, `latents.pt`, NVIDIA's `projected_w.npz`, or codes
/// in S.
///
/// The array's shape says what it is, beside the generator's sizes: w `[N, w_dim]`, w+ `[N, L, w_dim]` or
/// `[L, w_dim]`, s `[N, C_total]`, or a list of every layer's styles `[N, C]`. Exactly L rows of w are one w+. A file may hold
/// several under names like `a.latent`, as rosinality's projector writes them, or `w`, `w_plus`, `latents`, `s`; they follow one
/// another in the order of the names.
public enum LatentFile {
    /// The most that are taken from a file: w+ is L times as large as w.
    private static let limit = 1 << 16

    /// What an array holds.
    private enum Codes {
        /// w+ `[N, L, w_dim]`
        case latents(Tensor)
        /// s `[N, C_total]`
        case styles(Tensor)
    }

    /// The style codes that a file stands for: `[N, C_total]`.
    /// - Throws: `GeneratorError.latents` that says what the file holds where nothing in it fits the generator.
    public static func styles(path: String, for generator: Generator) throws(GeneratorError) -> Tensor {
        try joined(
            codes(path: path, for: generator).map { codes throws(GeneratorError) in
                switch codes {
                case .latents(let latents): try generator.styleSpace.styles(latents)
                case .styles(let styles): styles
                }
            })
    }

    /// The latents of a file in w+, `[N, L, w_dim]`.
    /// - Throws: as `styles`, and where the file holds codes in S, for which there need be no w+.
    public static func latents(path: String, for generator: Generator) throws(GeneratorError) -> Tensor {
        try joined(
            codes(path: path, for: generator).map { codes throws(GeneratorError) in
                guard case .latents(let latents) = codes else {
                    throw .latents(
                        path: path,
                        reason: "it holds codes in S, which no w or w+ stands behind; those are needed")
                }
                return latents
            })
    }

    /// What the arrays of a file hold, at least one.
    private static func codes(path: String, for generator: Generator) throws(GeneratorError) -> [Codes] {
        let checkpoint = try reading { () throws(CheckpointError) in try Checkpoint.open(path: path) }
        guard checkpoint.metadata["manifest"] == nil else {
            throw .latents(
                path: path,
                reason: "it holds a direction, as export-direction writes them, and no face's latents")
        }
        if let styles = try layeredStyles(checkpoint, generator.styleSpace.layers) {
            try requireFinite(styles, "its layers' styles", path)
            return [.styles(styles)]
        }
        let names = checkpoint.names.count == 1 ? checkpoint.names : checkpoint.names.filter(isLatentName)
        var parts: [Codes] = []
        for name in names {
            let tensor = try reading { () throws(CheckpointError) in try checkpoint.tensor(name) }
            guard tensor.shape.rank < 2 || tensor.shape[0] <= limit else {
                throw .latents(
                    path: path, reason: "\(name) has shape \(tensor.shape); up to \(limit) latents are taken")
            }
            guard let part = try codes(tensor, generator) else { continue }
            try requireFinite(tensor, name, path)
            parts.append(part)
        }
        guard !parts.isEmpty else {
            let shapes = checkpoint.names.prefix(4).compactMap { name in
                checkpoint.shape(of: name).map { "\(name) \($0)" }
            }
            let sizes = generator.configuration
            throw .latents(
                path: path,
                reason: "it holds \(shapes.joined(separator: ", ")); w [N, \(sizes.wDimension)], "
                    + "w+ [N, \(sizes.latentCount), \(sizes.wDimension)] or s [N, \(generator.styleSpace.count)] is needed"
            )
        }
        return parts
    }

    private static func requireFinite(
        _ tensor: Tensor, _ name: String, _ path: String
    ) throws(GeneratorError) {
        guard let position = tensor.withUnsafeValues({ $0.firstIndex { !$0.isFinite } }) else { return }
        throw .latents(path: path, reason: "\(name) is not finite at \(position)")
    }

    private static func isLatentName(_ name: String) -> Bool {
        ["w", "latent", "latents", "w_plus", "s"].contains(String(name.split(separator: ".").last ?? ""))
    }

    /// What one array holds, or nil where its shape is of no latents of this generator.
    private static func codes(_ tensor: Tensor, _ generator: Generator) throws(GeneratorError) -> Codes? {
        let sizes = generator.configuration
        let (count, width, styleCount) = (sizes.latentCount, sizes.wDimension, generator.styleSpace.count)
        let extents = tensor.shape.dimensions
        func reshaped(_ dimensions: [Int]) throws(GeneratorError) -> Tensor {
            try shaping { () throws(ShapeError) in try tensor.reshaped(to: Shape(dimensions)) }
        }
        switch extents {
        case [styleCount]: return .styles(try reshaped([1, styleCount]))
        case [width]: return .latents(try repeated(reshaped([1, width]), sizes))
        case [count, width]: return .latents(try reshaped([1, count, width]))
        default: break
        }
        guard tensor.count > 0 else { return nil }
        switch extents.count {
        case 2 where extents[1] == styleCount: return .styles(tensor)
        case 2 where extents[1] == width: return .latents(try repeated(tensor, sizes))
        case 3 where extents[1...] == [1, width]:
            return .latents(try repeated(reshaped([extents[0], width]), sizes))
        case 3 where extents[1...] == [count, width]: return .latents(tensor)
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

    /// Codes of equal shape one after another.
    private static func joined(_ parts: [Tensor]) throws(GeneratorError) -> Tensor {
        if parts.count == 1 { return parts[0] }
        let extents = [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dimensions.dropFirst()
        return try shaping { () throws(ShapeError) in
            try Tensor(parts.flatMap(\.values), shape: Shape(extents))
        }
    }
}
