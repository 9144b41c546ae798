import COneDNN
import Tensors

/// oneDNN's batched matrix product, C = f(scale × A B + bias), on matrices that lie in larger ones: each is a shape and
/// strides.
struct MatrixProduct {
    let descriptor: PrimitiveDescriptor

    /// - Parameters:
    ///   - left: `[…, M, K]`; batch extents of 1 are repeated.
    ///   - right: `[…, K, N]`
    ///   - bias: `[1, N]`
    ///   - result: `[…, M, N]`
    ///   - activation: f.
    ///   - isAdding: whether the product is added to what the result holds; then there is no activation.
    init(
        _ operation: String, _ left: MemoryDescriptor, _ right: MemoryDescriptor,
        bias: MemoryDescriptor? = nil, into result: MemoryDescriptor, scale: Float = 1,
        activation: ActivationFunction = .identity, isAdding: Bool = false
    ) throws(NeuralLayerError) {
        var description = dnnl_matmul_desc_t()
        let shapes = [left.shape, right.shape]
        try check(
            withUnsafePointer(to: left.value) { left in
                withUnsafePointer(to: right.value) { right in
                    withUnsafePointer(to: result.value) { result in
                        guard var bias = bias?.value else {
                            return dnnl_matmul_desc_init(&description, left, right, nil, result)
                        }
                        return dnnl_matmul_desc_init(&description, left, right, &bias, result)
                    }
                }
            }, operation, shapes)
        let engine = try Engine.processor().handle
        descriptor = try PrimitiveDescriptor(operation, shapes) {
            handle, attributes throws(NeuralLayerError) in
            try LinearPlan.append(activation, isAdding: isAdding, to: attributes)
            if scale != 1 {
                var scale = scale
                try check(
                    dnnl_primitive_attr_set_output_scales(attributes, 1, 0, &scale), operation, shapes)
            }
            return dnnl_primitive_desc_create(&handle, &description, attributes, engine, nil)
        }
    }
}

extension MemoryDescriptor {
    /// A view of float32 elements: element (i, j, …) lies at i × strides[0] + j × strides[1] + …
    static func view(
        _ shape: Shape, strides: [Int], of operation: String
    ) throws(NeuralLayerError) -> MemoryDescriptor {
        var value = dnnl_memory_desc_t()
        try check(
            dnnl_memory_desc_init_by_strides(
                &value, Int32(shape.rank), shape.dimensions.map(Int64.init), dnnl_f32, strides.map(Int64.init)
            ),
            operation, [shape])
        return MemoryDescriptor(value, shape: shape)
    }
}
