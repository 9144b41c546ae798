import Dispatch
import NeuralLayers
import Synchronization
import Tensors

/// CLIP's text encoder: texts to embeddings as the model puts them out, not normalised.
///
/// Rows are computed up to each text's end mark only, and once for all texts that begin alike; of the last block only
/// the end marks' rows. Weights are read where they lie, by threads that share nothing else. But for rounding, an
/// embedding does not depend on which texts come with it.
public final class TextEncoder: Sendable {
    /// The new tokens of a tree that goes through the transformer at once; bounds the memory that any request takes.
    private static let largestTree = 1024
    /// Fewer are not worth another thread.
    private static let smallestShare = 48
    /// The bytes that beginnings may take; more are not kept.
    private static let largestMemory = 64 << 20

    /// The tokenizer, configuration and weights that it encodes with.
    public let model: CLIPModel
    private let tower: TextTower
    private let beginnings: TextBeginnings
    private let threads: Int

    /// An encoder that works with as many threads as layers may have that the calling thread makes.
    /// - Parameter beginnings: what texts may begin with, from an encoder of this model.
    /// - Throws: `CLIPError`.
    public init(_ model: CLIPModel, beginnings: TextBeginnings? = nil) throws(CLIPError) {
        self.model = model
        tower = try model.textTower()
        self.beginnings = beginnings ?? .none(tower)
        threads = Threads.limit
    }

    /// The embeddings of texts, `[n, d]`, not normalised.
    /// - Throws: `CLIPError.tokenizer` where a text takes more tokens than the context holds.
    public func embed(_ texts: [String]) throws(CLIPError) -> Tensor {
        let tokenized = try tokens(of: texts)
        let endMark = model.tokenizer.endMark
        let trees = TokenTree.trees(
            of: tokenized, endMark: endMark, after: beginnings.tree, parts: threads,
            smallest: Self.smallestShare, largest: Self.largestTree)
        let parts = try concurrently(trees) {
            try TextPass(self.tower, $0, after: self.beginnings).embeddings()
        }
        var embeddings = Tensor(zeros: [texts.count, tower.dimension])
        embeddings.withUnsafeMutableValues { values in
            var first = 0
            for part in parts {
                part.withUnsafeValues {
                    _ = UnsafeMutableBufferPointer(rebasing: values[first..<first + $0.count])
                        .update(fromContentsOf: $0)
                }
                first += part.count
            }
        }
        return embeddings
    }

    /// Goes through beginnings of texts, for an encoder of texts that begin so; nil where they would take too much memory.
    /// - Throws: `CLIPError.tokenizer` where one takes more tokens than the context holds.
    public func beginnings(of texts: [String]) throws(CLIPError) -> TextBeginnings? {
        var tree = TokenTree()
        // Without the end mark, in whose place other tokens follow.
        for tokens in try tokens(of: texts) { tree.addBeginning(tokens.dropLast()) }
        let size = tower.blocks.count * 2 * tower.sizes.width * MemoryLayout<Float>.size
        guard tree.count > 0, tree.count <= Self.largestMemory / size else { return nil }
        let memory = try concurrently([tree]) {
            try TextPass(self.tower, $0, after: .none(self.tower)).memory()
        }
        return TextBeginnings(tree: TokenTree(after: tree), memory: memory[0])
    }

    private func tokens(of texts: [String]) throws(CLIPError) -> [[Int]] {
        try CLIPError.wrapping {
            try texts.map {
                try model.tokenizer.tokens(of: $0, contextLength: model.configuration.contextLength)
            }
        }
    }

    /// What becomes of trees, in their order, by threads that take one after another.
    private func concurrently(
        _ trees: [TokenTree], _ body: @Sendable (TokenTree) throws -> Tensor
    ) throws(CLIPError) -> [Tensor] {
        let next = Mutex(0)
        let results = Mutex([Tensor?](repeating: nil, count: trees.count))
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: min(threads, trees.count)) { _ in
            // Layers run on the thread that makes them.
            Threads.limit(to: 1)
            do {
                while failure.withLock({ $0 == nil }) {
                    let place = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard place < trees.count else { return }
                    let result = try body(trees[place])
                    results.withLock { $0[place] = result }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        // The calling thread was one of them.
        Threads.limit(to: threads)
        return try CLIPError.wrapping {
            if let error = failure.withLock({ $0 }) { throw error }
            return results.withLock { $0.compactMap(\.self) }
        }
    }
}
