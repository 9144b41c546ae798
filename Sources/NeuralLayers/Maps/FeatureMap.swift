import Tensors

/// The activations that pass from layer to layer, `[N, C, H, W]` in a layout the layers like.
///
/// Belongs to one thread at a time. The element of sample `n`, channel `c`, row `y`, column `x` lies at
/// `(((n × blockCount + c / blockSize) × H + y) × W + x) × blockSize + c % blockSize`.
public final class FeatureMap {
    /// `[N, C, H, W]`, without the padding of channels.
    public let shape: Shape
    public let layout: FeatureMapLayout
    let memory: Memory

    /// A map of zeros; its layout is the preferred one for its channels unless told otherwise.
    /// - Throws: `NeuralLayerError.unsupported` where the shape is not of four positive extents.
    public convenience init(_ shape: Shape, layout: FeatureMapLayout? = nil) throws(NeuralLayerError) {
        let layout = layout ?? .preferred(channels: shape.rank == 4 ? shape[1] : 1)
        let descriptor = try Self.descriptor(of: shape, layout)
        try self.init(shape, layout, Memory(descriptor))
    }

    /// A map in the memory of a larger one, to be used while that one is not needed.
    /// - Throws: `NeuralLayerError.unsupported` where it does not fit.
    public convenience init(
        _ shape: Shape, layout: FeatureMapLayout? = nil, inMemoryOf other: FeatureMap
    ) throws(NeuralLayerError) {
        let layout = layout ?? .preferred(channels: shape.rank == 4 ? shape[1] : 1)
        let descriptor = try Self.descriptor(of: shape, layout)
        try self.init(shape, layout, Memory(descriptor, in: other.memory.block))
    }

    /// Some samples of a larger map, in its memory.
    /// - Throws: `NeuralLayerError.unsupported` where they do not fit.
    public convenience init(samples: Range<Int>, of other: FeatureMap) throws(NeuralLayerError) {
        let shape: Shape = [samples.count, other.channels, other.height, other.width]
        let descriptor = try Self.descriptor(of: shape, other.layout)
        let first = samples.lowerBound * (other.elements.count / other.batch)
        try self.init(shape, other.layout, Memory(descriptor, in: other.memory.block, from: first))
    }

    /// A map that holds a tensor's values.
    public convenience init(_ tensor: Tensor, layout: FeatureMapLayout? = nil) throws(NeuralLayerError) {
        try self.init(tensor.shape, layout: layout)
        try write(tensor)
    }

    private init(_ shape: Shape, _ layout: FeatureMapLayout, _ memory: Memory) {
        self.shape = shape
        self.layout = layout
        self.memory = memory
    }

    static func descriptor(
        of shape: Shape, _ layout: FeatureMapLayout
    ) throws(NeuralLayerError) -> MemoryDescriptor {
        guard shape.rank == 4, shape.count > 0, shape.count < 1 << 40 else {
            throw .unsupported(
                operation: "a feature map", shape: shape,
                reason: "four extents from 1 on are needed: [N, C, H, W]")
        }
        return try MemoryDescriptor(shape, layout.tag)
    }

    public var batch: Int { shape[0] }
    public var channels: Int { shape[1] }
    public var height: Int { shape[2] }
    public var width: Int { shape[3] }

    /// The channels that lie side by side.
    public var blockSize: Int { layout.blockSize }

    /// The blocks of channels in a sample, the padded one included.
    public var blockCount: Int { (channels + blockSize - 1) / blockSize }

    /// All elements in the layout's order, padding included; valid as long as the map.
    public var elements: UnsafeMutableBufferPointer<Float> { memory.elements }

    /// Copies a tensor's values into the map; the padding becomes zero.
    /// - Throws: `NeuralLayerError.mismatch` where the shapes differ.
    public func write(_ tensor: Tensor) throws(NeuralLayerError) {
        guard tensor.shape == shape else {
            throw .mismatch(what: "a tensor for a feature map", found: tensor.shape, expected: shape)
        }
        tensor.withUnsafeValues { values in
            // Both pointers cover whole planes: `forEachPlane` stays within the shape.
            guard let source = values.baseAddress, let destination = elements.baseAddress else { return }
            let pixels = height * width
            if !channels.isMultiple(of: blockSize) { elements.update(repeating: 0) }
            forEachPlane { plane, start in
                for i in 0..<pixels { destination[start + i * blockSize] = source[plane * pixels + i] }
            }
        }
    }

    /// The values as a tensor `[N, C, H, W]`.
    public func tensor() -> Tensor {
        var tensor = Tensor(zeros: shape)
        read(into: &tensor)
        return tensor
    }

    /// Copies the values into a tensor of the map's shape.
    public func read(into tensor: inout Tensor) {
        precondition(tensor.shape == shape, "a map of \(shape) does not fill a tensor of \(tensor.shape)")
        tensor.withUnsafeMutableValues { values in
            guard let destination = values.baseAddress, let source = elements.baseAddress else { return }
            let pixels = height * width
            forEachPlane { plane, start in
                for i in 0..<pixels { destination[plane * pixels + i] = source[start + i * blockSize] }
            }
        }
    }

    /// Copies the values to a map of the same shape in planes.
    func unblock(into planes: FeatureMap) {
        precondition(planes.shape == shape && planes.layout == .planes)
        guard let destination = planes.elements.baseAddress, let source = elements.baseAddress else { return }
        let pixels = height * width
        forEachPlane { plane, start in
            for i in 0..<pixels { destination[plane * pixels + i] = source[start + i * blockSize] }
        }
    }

    /// Throws where a layer that wants one layout is given another.
    func requireLayout(
        _ expected: FeatureMapLayout, _ what: @autoclosure () -> String
    ) throws(NeuralLayerError) {
        guard layout == expected else {
            throw .unsupported(
                operation: what(), shape: shape, reason: "its layout is \(layout), \(expected) is needed")
        }
    }

    /// Every channel of every sample: its place in `[N, C]` and where its first element lies.
    private func forEachPlane(_ body: (_ plane: Int, _ start: Int) -> Void) {
        for sample in 0..<batch {
            for channel in 0..<channels {
                let block = sample * blockCount + channel / blockSize
                body(sample * channels + channel, block * height * width * blockSize + channel % blockSize)
            }
        }
    }
}
