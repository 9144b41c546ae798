import COneDNN
import Tensors

/// The mean of every 2 × 2 pixels: `[N, C, H, W]` to `[N, C, H/2, W/2]`, as `torch.avg_pool2d(2)` has it.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class AveragePool {
    public let output: FeatureMap
    private let primitive: Primitive

    /// - Parameter input: what every call reads, in blocks; a last odd row or column is left out.
    /// - Throws: `NeuralLayerError.unsupported` where a side is under 2.
    public init(_ input: FeatureMap) throws(NeuralLayerError) {
        let shape = input.shape
        guard shape[2] >= 2, shape[3] >= 2 else {
            throw .unsupported(operation: "average pooling", shape: shape, reason: "both sides are from 2 on")
        }
        try input.requireLayout(.blockedForProcessor, "average pooling")
        output = try FeatureMap(
            [shape[0], shape[1], shape[2] / 2, shape[3] / 2], layout: .blockedForProcessor)
        let destination = try FeatureMap.descriptor(of: output.shape, .blockedForProcessor)
        let source = try FeatureMap.descriptor(of: shape, .blockedForProcessor)
        let (two, none): ([Int64], [Int64]) = ([2, 2], [0, 0])
        // What an odd last line leaves out.
        let after = [Int64(-(shape[2] % 2)), Int64(-(shape[3] % 2))]
        var description = dnnl_pooling_desc_t()
        try check(
            withUnsafePointer(to: source.value) { source in
                withUnsafePointer(to: destination.value) { destination in
                    dnnl_pooling_forward_desc_init(
                        &description, dnnl_forward_inference, dnnl_pooling_avg_exclude_padding, source,
                        destination,
                        two, two, none, after)
                }
            }, "average pooling", [shape])
        primitive = try Primitive(
            .describing(description, "average pooling", [shape]),
            [(DNNL_ARG_SRC, input.memory), (DNNL_ARG_DST, output.memory)])
    }

    public func callAsFunction() throws(NeuralLayerError) { try primitive.execute() }
}
