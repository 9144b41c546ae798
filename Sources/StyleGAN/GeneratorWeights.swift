import Checkpoints
import Tensors

/// A checkpoint read as a generator: tensors by NVIDIA's names and in NVIDIA's shapes, whatever the file's layout.
struct GeneratorWeights: Sendable {
    let checkpoint: Checkpoint
    let layout: GeneratorLayout

    /// - Throws: `GeneratorError.notAGenerator` that says what the file is instead.
    init(_ checkpoint: Checkpoint) throws(GeneratorError) {
        guard let layout = GeneratorLayout(recognising: checkpoint.contains) else {
            throw .notAGenerator(path: checkpoint.path, reason: CheckpointKind(checkpoint).refusal)
        }
        self.checkpoint = checkpoint
        self.layout = layout
    }

    func refuse(_ reason: String) -> GeneratorError { .notAGenerator(path: checkpoint.path, reason: reason) }

    func contains(_ part: String) -> Bool { stored(part) != nil }

    /// What the file calls a tensor.
    func name(of part: String) -> String { stored(part) ?? layout.names(of: part).first ?? part }

    /// The tensor's shape without the axes of one element that rosinality's layout puts around it.
    func shape(of part: String, rank: Int) -> Shape? {
        guard let shape = stored(part).flatMap(checkpoint.shape) else { return nil }
        return Self.trimmed(shape, rank: rank)
    }

    /// The tensor, which must have that shape apart from such axes.
    /// - Throws: `GeneratorError.weights` that names the tensor as the file does.
    func tensor(_ part: String, _ dimensions: [Int]) throws(GeneratorError) -> Tensor {
        let expected = try shaping { () throws(ShapeError) in try Shape(dimensions) }
        let name = name(of: part)
        if let found = checkpoint.shape(of: name), Self.trimmed(found, rank: expected.rank) != expected {
            throw .weights(
                .mismatch(path: checkpoint.path, name: name, found: found, expected: expected))
        }
        let tensor = try reading { () throws(CheckpointError) in try checkpoint.tensor(name) }
        return try shaping { () throws(ShapeError) in try tensor.reshaped(to: expected) }
    }

    /// `conv_clamp` of a layer of the synthesis network, which pickles keep as its attribute; nil where it has none.
    /// - Throws: `GeneratorError.notAGenerator` where it is no positive number.
    func activationLimit(of layer: String) throws(GeneratorError) -> Float? {
        guard case .nvidia(let prefix) = layout,
            let limit = checkpoint.setting("\(prefix)synthesis.\(layer).conv_clamp")
        else { return nil }
        guard limit > 0, limit <= Double(Float.greatestFiniteMagnitude) else {
            throw refuse("conv_clamp of \(layer) is \(limit) where a positive number is needed")
        }
        return Float(limit)
    }

    private func stored(_ part: String) -> String? {
        layout.names(of: part).first(where: checkpoint.contains)
    }

    /// Leading axes of one element go first, then trailing ones, until the rank is the one asked for.
    private static func trimmed(_ shape: Shape, rank: Int) -> Shape {
        var extents = shape.dimensions[...]
        while extents.count > rank, extents.first == 1 { extents.removeFirst() }
        while extents.count > rank, extents.last == 1 { extents.removeLast() }
        return (try? Shape(Array(extents))) ?? shape
    }
}
