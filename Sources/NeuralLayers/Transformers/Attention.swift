import Tensors

/// Full multi-head attention within sequences of one length: softmax(Q Kᵀ / √D) V, head by head.
///
/// A head's matrices stay in the first caches from one product to the other: its scores come out of `BlockedProducts` in the
/// order in which the weights of its values go in.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class Attention {
    private typealias Vector = SIMD16<Float>

    private let sequences, queries, keys, heads, headWidth: Int
    private let scores, blend: BlockedProducts
    /// What goes in and comes out of the products of one head; what is padding stays zero.
    private let query, weights, context: MemoryBlock
    private let keyPanels, valuePanels: MemoryBlock
    /// Added to the last block of keys: 0, and −∞ where there is no key.
    private let beyond: Vector

    /// - Parameters:
    ///   - sequences: N, how many sequences go through at once.
    ///   - queries: the rows of a sequence that ask.
    ///   - keys: the rows of a sequence, T, that are attended to.
    ///   - heads: H; the width of queries, keys and values is H × `headWidth`.
    ///   - headWidth: D.
    /// - Throws: `NeuralLayerError.unsupported` unless all are positive.
    public init(
        sequences: Int, queries: Int, keys: Int, heads: Int, headWidth: Int
    ) throws(NeuralLayerError) {
        guard min(sequences, queries, keys, heads, headWidth) > 0 else {
            throw .unsupported(
                operation: "attention", shape: [],
                reason: "sequences, rows, heads and their width are from 1 on")
        }
        (self.sequences, self.queries, self.keys) = (sequences, queries, keys)
        (self.heads, self.headWidth) = (heads, headWidth)
        let rows = BlockedProducts.rows(queries)
        let (widthBlocks, keyBlocks) = ((headWidth + 15) / 16, (keys + 15) / 16)
        scores = BlockedProducts(count: 1, rows: rows, inputBlocks: widthBlocks, outputBlocks: keyBlocks)
        blend = BlockedProducts(count: 1, rows: rows, inputBlocks: keyBlocks, outputBlocks: widthBlocks)
        query = MemoryBlock(byteCount: 64 * scores.sourceStep)
        weights = MemoryBlock(byteCount: 64 * scores.resultStep)
        context = MemoryBlock(byteCount: 64 * blend.resultStep)
        keyPanels = MemoryBlock(byteCount: 64 * scores.panels(Float32Format.self).vectors)
        valuePanels = MemoryBlock(byteCount: 64 * blend.panels(Float32Format.self).vectors)
        var beyond = Vector.zero
        for lane in (keys - 1) % 16 + 1..<16 { beyond[lane] = -.infinity }
        self.beyond = beyond
    }

    /// - Parameters:
    ///   - q: `[N × queries, H × D]`
    ///   - keysAndValues: `[N × T, 2 × H × D]`, a row's keys before its values.
    ///   - result: `[N × queries, H × D]`, other memory than `q`.
    public func callAsFunction(
        queries q: Activations, keysAndValues: Activations, into result: Activations
    ) throws(NeuralLayerError) {
        let width = heads * headWidth
        guard q.width == width, keysAndValues.width == 2 * width, result.width == width else {
            throw .mismatch(
                what: "attention's queries, keys and result",
                found: [q.width, keysAndValues.width, result.width],
                expected: [width, 2 * width, width])
        }
        precondition(
            min(q.rows, result.rows) >= sequences * queries && keysAndValues.rows >= sequences * keys)
        guard let q = q.elements.baseAddress, let keysAndValues = keysAndValues.elements.baseAddress,
            let result = result.elements.baseAddress
        else { return }
        for sequence in 0..<sequences {
            for head in 0..<heads {
                let first = sequence * queries * width + head * headWidth
                let key = keysAndValues + sequence * keys * 2 * width + head * headWidth
                take(queries: q + first, keys: key, values: key + width)
                scores(Float32Format.self, query.pixels, keyPanels.pixels, into: weights.pixels)
                for row in 0..<queries { softmax(weights.pixels + row) }
                blend(Float32Format.self, weights.pixels, valuePanels.pixels, into: context.pixels)
                give(result + first)
            }
        }
    }

    /// One head's rows into the orders that the products take.
    private func take(
        queries q: UnsafePointer<Float>, keys k: UnsafePointer<Float>, values v: UnsafePointer<Float>
    ) {
        let width = heads * headWidth
        for block in 0..<(headWidth + 15) / 16 {
            let count = min(16, headWidth - 16 * block)
            let panel = blend.panels(Float32Format.self).place(block: block)
            for row in 0..<queries {
                copy(q + row * width + 16 * block, count, to: query.pixels + block * scores.rows + row)
            }
            for row in 0..<keys {
                copy(
                    v + row * 2 * width + 16 * block, count,
                    to: valuePanels.pixels + panel.first + row * panel.step)
            }
        }
        for block in 0..<(keys + 15) / 16 {
            let panel = scores.panels(Float32Format.self).place(block: block)
            for row in 16 * block..<min(16 * block + 16, keys) {
                let key = k + row * 2 * width
                var to = keyPanels.pixels + panel.first
                for i in 0..<headWidth {
                    UnsafeMutableRawPointer(to).assumingMemoryBound(to: Float.self)[row &- 16 &* block] =
                        key[i]
                    to += panel.step
                }
            }
        }
    }

    /// Up to 16 numbers into the first places of a vector.
    @inline(__always)
    private func copy(_ source: UnsafePointer<Float>, _ count: Int, to target: UnsafeMutablePointer<Vector>) {
        if count == 16 {
            target.pointee = UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
        } else {
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
        }
    }

    /// One row of scores, a block of keys every `rows` vectors, to weights that sum to 1.
    ///
    /// Those beyond the keys are e⁻⁸⁰ of the largest, which no sum feels, and weigh values that are zero.
    private func softmax(_ row: UnsafeMutablePointer<Vector>) {
        let (blocks, step) = (blend.inputBlocks, scores.rows)
        let scale = 1 / Float(headWidth).squareRoot()
        row[(blocks - 1) * step] += beyond
        var most = row[0]
        for block in 1..<max(1, blocks) { most = larger(most, row[block * step]) }
        let eight = larger(most.lowHalf, most.highHalf)
        let four = larger(eight.lowHalf, eight.highHalf)
        let two = larger(four.lowHalf, four.highHalf)
        let top = Vector(repeating: max(two.x, two.y))
        var sums = Vector.zero
        for block in 0..<blocks {
            let power = ((row[block * step] - top) * scale).exponential()
            row[block * step] = power
            sums += power
        }
        let half = sums.lowHalf + sums.highHalf
        let quarter = half.lowHalf + half.highHalf
        let pair = quarter.lowHalf + quarter.highHalf
        let share = 1 / (pair.x + pair.y)
        for block in 0..<blocks { row[block * step] *= share }
    }

    @inline(__always)
    private func larger<V: SIMD>(_ a: V, _ b: V) -> V where V.Scalar == Float {
        a.replacing(with: b, where: b .> a)
    }

    private func give(_ result: UnsafeMutablePointer<Float>) {
        let width = heads * headWidth
        for block in 0..<(headWidth + 15) / 16 {
            let count = min(16, headWidth - 16 * block)
            for row in 0..<queries {
                UnsafeMutableRawPointer(result + row * width + 16 * block).copyMemory(
                    from: context.pixels + block * blend.rows + row, byteCount: count * 4)
            }
        }
    }
}
