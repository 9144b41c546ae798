import CBFloat16

/// Matrices `[I', O']` one after the other as `BlockedProducts` takes them, rounded to a precision.
struct PackedMatrix {
    private let panels: ProductPanels
    private let precision: Precision

    /// - Parameter inputs: I, padded to whole blocks of 16.
    init(inputs: Int, outputBlocks: Int, _ precision: Precision) {
        let blocks = (inputs + 15) / 16
        self.precision = precision
        switch precision {
        case .float32:
            panels = ProductPanels(
                factors: blocks * Float32Format.Row.scalarCount, outputBlocks: outputBlocks)
        case .bfloat16:
            panels = ProductPanels(
                factors: blocks * BFloat16Format.Row.scalarCount, outputBlocks: outputBlocks)
        }
    }

    /// The bytes of one matrix.
    var byteCount: Int { panels.vectors * 64 }

    /// Where a column's first element stands in a matrix, and how far it is to the next, in vectors of factors.
    func column(_ output: Int) -> (first: Int, step: Int) { panels.place(block: output / 16) }

    /// Sets an element of the matrix that has this place in a block; those that are never set are zero.
    /// - Parameter column: The output's.
    @inline(__always)
    func set(
        _ value: Float, _ matrix: Int, input: Int, output: Int, _ column: (first: Int, step: Int),
        in block: MemoryBlock
    ) {
        let start = matrix * panels.vectors + column.first
        switch precision {
        case .float32: block.elements[(start + input * column.step) * 16 + output % 16] = value
        case .bfloat16:
            let rounded = bfloat16_round(SIMD16(repeating: value))
            block.pointer(to: UInt16.self)[
                ((start + input / 2 * column.step) * 16 + output % 16) * 2 + input % 2] = rounded[0]
        }
    }
}
