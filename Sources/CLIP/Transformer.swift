import Checkpoints
import NeuralLayers
import Tensors

/// OpenAI's residual attention blocks: x + attention(norm(x)), then x + MLP(norm(x)) with quick-GELU.
struct Transformer: Sendable {
    struct Block: Sendable {
        let norm1: LayerNorm
        let qkv: Linear
        let out: Linear
        let norm2: LayerNorm
        let expand: Linear
        let contract: Linear
    }

    let width: Int
    let heads: Int
    let isCausal: Bool
    let blocks: [Block]

    /// - Parameter prefix: "transformer." or "visual.transformer."
    init(
        _ checkpoint: Checkpoint, prefix: String, width: Int, heads: Int, isCausal: Bool
    ) throws(CLIPError) {
        guard heads > 0, width % heads == 0 else {
            throw .notCLIP(path: checkpoint.path, reason: "a width of \(width) cannot have \(heads) heads")
        }
        self.width = width
        self.heads = heads
        self.isCausal = isCausal
        var blocks: [Block] = []
        while blocks.count < 512, checkpoint.contains("\(prefix)resblocks.\(blocks.count).ln_1.weight") {
            let name = "\(prefix)resblocks.\(blocks.count)."
            blocks.append(
                Block(
                    norm1: try LayerNorm(checkpoint, name + "ln_1", width: width),
                    qkv: try Linear(
                        checkpoint, weight: name + "attn.in_proj_weight", bias: name + "attn.in_proj_bias",
                        inputs: width, outputs: 3 * width),
                    out: try Linear(
                        checkpoint, weight: name + "attn.out_proj.weight", bias: name + "attn.out_proj.bias",
                        inputs: width, outputs: width),
                    norm2: try LayerNorm(checkpoint, name + "ln_2", width: width),
                    expand: try Linear(
                        checkpoint, weight: name + "mlp.c_fc.weight", bias: name + "mlp.c_fc.bias",
                        inputs: width, outputs: 4 * width),
                    contract: try Linear(
                        checkpoint, weight: name + "mlp.c_proj.weight", bias: name + "mlp.c_proj.bias",
                        inputs: 4 * width, outputs: width)))
        }
        guard !blocks.isEmpty else {
            throw .notCLIP(path: checkpoint.path, reason: "it has no \"\(prefix)resblocks.0.ln_1.weight\"")
        }
        self.blocks = blocks
    }

    /// The memory that a run of some rows takes beside its input.
    final class Workspace {
        fileprivate var rows: UnsafeMutableBufferPointer<Float>
        fileprivate var scores: UnsafeMutableBufferPointer<Float>

        /// For up to `rows` tokens in sequences of up to `longest`, of a transformer of that width.
        init(rows: Int, longest: Int, width: Int) {
            self.rows = .allocate(capacity: max(1, rows * width * 5))
            scores = .allocate(capacity: max(1, longest * longest + 16))
            self.rows.initialize(repeating: 0)
            scores.initialize(repeating: 0)
        }

        deinit {
            rows.deallocate()
            scores.deallocate()
        }
    }

    /// Runs all blocks over sequences that lie one after another in `x`: `[Σ lengths, width]`, in place.
    func callAsFunction(
        _ x: UnsafeMutablePointer<Float>, lengths: [Int], workspace: Workspace
    ) throws(NeuralLayerError) {
        let rows = lengths.reduce(0, +)
        precondition(rows * width * 5 <= workspace.rows.count, "a workspace holds the rows it was made for")
        guard let narrow = workspace.rows.baseAddress, let scores = workspace.scores.baseAddress else {
            return
        }
        let wide = narrow + rows * width
        for block in blocks {
            block.norm1(x, stride: width, into: narrow, rows: rows)
            try block.qkv(narrow, into: wide, rows: rows)
            var start = 0
            for length in lengths {
                for head in 0..<heads {
                    try attend(
                        wide + start * 3 * width, head: head, length: length, scores: scores,
                        into: narrow + start * width)
                }
                start += length
            }
            try block.out(narrow, into: wide, rows: rows)
            for i in 0..<rows * width { x[i] += wide[i] }
            block.norm2(x, stride: width, into: narrow, rows: rows)
            try block.expand(narrow, into: wide, rows: rows)
            quickGELU(wide, count: rows * 4 * width)
            try block.contract(wide, into: narrow, rows: rows)
            for i in 0..<rows * width { x[i] += narrow[i] }
        }
    }

    /// softmax(Q Kᵀ / √(width / heads)) V of one head of one sequence.
    private func attend(
        _ qkv: UnsafePointer<Float>, head: Int, length: Int, scores: UnsafeMutablePointer<Float>,
        into output: UnsafeMutablePointer<Float>
    ) throws(NeuralLayerError) {
        let size = width / heads
        let q = qkv + head * size
        try MatrixProduct.multiply(
            .init(q, rows: length, columns: size, stride: 3 * width),
            .init(q + width, rows: length, columns: size, stride: 3 * width),
            scale: 1 / Float(size).squareRoot(), into: scores, stride: length)
        for row in 0..<length {
            let line = scores + row * length
            let seen = isCausal ? row + 1 : length
            softmax(line, count: seen)
            for i in seen..<length { line[i] = 0 }
        }
        try MatrixProduct.multiply(
            .init(scores, rows: length, columns: length),
            .init(q + 2 * width, rows: length, columns: size, stride: 3 * width), transposed: false,
            into: output + head * size, stride: width)
    }
}

/// In place; a whole vector is read and written at a time, the last one by its own lanes.
private func softmax(_ x: UnsafeMutablePointer<Float>, count: Int) {
    var largest = x[0]
    for i in 1..<max(1, count) where x[i] > largest { largest = x[i] }
    var sum: Float = 0
    forEachVector(x, count: count) { vector, lanes in
        vector = exponential(vector - largest)
        for lane in 0..<lanes { sum += vector[lane] }
    }
    let scale = 1 / sum
    for i in 0..<count { x[i] *= scale }
}

/// x · sigmoid(1.702 x), in place.
private func quickGELU(_ x: UnsafeMutablePointer<Float>, count: Int) {
    forEachVector(x, count: count) { vector, _ in
        vector /= 1 + exponential(vector * -1.702)
    }
}

@inline(__always)
private func forEachVector(
    _ x: UnsafeMutablePointer<Float>, count: Int, _ body: (inout SIMD16<Float>, _ lanes: Int) -> Void
) {
    let raw = UnsafeMutableRawPointer(x)
    for start in stride(from: 0, to: count - 15, by: 16) {
        var vector = raw.loadUnaligned(fromByteOffset: start * 4, as: SIMD16<Float>.self)
        body(&vector, 16)
        raw.storeBytes(of: vector, toByteOffset: start * 4, as: SIMD16<Float>.self)
    }
    let rest = count % 16
    guard rest > 0 else { return }
    var vector = SIMD16<Float>(repeating: 0)
    for lane in 0..<rest { vector[lane] = x[count - rest + lane] }
    body(&vector, rest)
    for lane in 0..<rest { x[count - rest + lane] = vector[lane] }
}
