/// The second step of an up-convolution: [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16 over maps of (2H + 1) × (2W + 1) with a border
/// of one zero, to 2H × 2W; down the columns into one row, then along it.
///
/// The rows are swept as plain runs of floats, 16 at a time: a neighbouring pixel lies a block further. Both sizes of
/// blocks (8, 16) make an output row of 2W pixels a whole number of such runs.
struct ResamplingFilter {
    private let width: Int
    private let blockSize: Int
    /// A row of zeros above and below the map, and the row between the steps: a block of zeros, 2W + 1 pixels, one more
    /// block of zeros, and what the last run reads beyond.
    private let rows: MemoryBlock
    private let rowLength: Int

    /// - Parameter width: the output's, 2W.
    init(width: Int, blockSize: Int) {
        self.width = width
        self.blockSize = blockSize
        rowLength = (width + 4) * blockSize + 16
        rows = MemoryBlock(byteCount: 2 * rowLength * 4)
    }

    /// - Parameters:
    ///   - input: `[n, C, 2H + 1, 2W + 1]`, blocked.
    ///   - output: holds `[n, C, 2H, 2W]` in the same blocks from `first` on.
    func apply(to input: FeatureMap, into output: UnsafeMutableBufferPointer<Float>, from first: Int) {
        let height = input.height - 1
        let planes = input.batch * input.blockCount
        let inputRow = input.width * blockSize
        let outputRow = width * blockSize
        precondition(
            input.width == width + 1 && input.blockSize == blockSize
                && first + planes * height * outputRow <= output.count)
        guard let source = input.elements.baseAddress, let destination = output.baseAddress,
            let zeros = rows.elements.baseAddress
        else { return }
        let row = zeros + rowLength
        for plane in 0..<planes {
            let top = source + plane * (height + 1) * inputRow
            for y in 0..<height {
                let above = y == 0 ? zeros : top + (y - 1) * inputRow
                let below = y == height - 1 ? zeros : top + (y + 2) * inputRow
                // 2W whole pixels as runs of 16, then the last pixel as runs of 8.
                weigh(
                    above, top + y * inputRow, top + (y + 1) * inputRow, below, into: row + blockSize,
                    count: inputRow, scale: 1)
                weigh(
                    row, row + blockSize, row + 2 * blockSize, row + 3 * blockSize,
                    into: destination + first + (plane * height + y) * outputRow, count: outputRow,
                    scale: 1 / 16)
            }
        }
    }

    /// (a + 3 b + 3 c + d) × scale, element by element; `count` is a multiple of 8.
    @inline(__always)
    private func weigh(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>,
        _ d: UnsafePointer<Float>,
        into result: UnsafeMutablePointer<Float>, count: Int, scale: Float
    ) {
        var i = 0
        while i + 16 <= count {
            let outer = load(a + i, SIMD16<Float>.self) + load(d + i, SIMD16<Float>.self)
            let inner = load(b + i, SIMD16<Float>.self) + load(c + i, SIMD16<Float>.self)
            store((outer + inner * 3) * scale, result + i)
            i += 16
        }
        if i < count {
            let outer = load(a + i, SIMD8<Float>.self) + load(d + i, SIMD8<Float>.self)
            let inner = load(b + i, SIMD8<Float>.self) + load(c + i, SIMD8<Float>.self)
            store((outer + inner * 3) * scale, result + i)
        }
    }

    @inline(__always)
    private func load<Vector: BitwiseCopyable>(_ pointer: UnsafePointer<Float>, _ type: Vector.Type) -> Vector
    {
        UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
    }

    @inline(__always)
    private func store<Vector: BitwiseCopyable>(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self)
    }
}
