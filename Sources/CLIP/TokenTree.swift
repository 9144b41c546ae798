/// Texts as a tree of tokens: where two begin alike they share rows, and a causal transformer computes those once.
///
/// A node's row depends on its ancestors alone. A text ends at its first end mark: no row after it reaches its
/// embedding.
struct TokenTree {
    /// The token of each node; a node's parent stands before it.
    private(set) var tokens: [Int] = []
    /// The node above each, −1 for a root.
    private(set) var parents: [Int] = []
    /// How many nodes lie above each: the token's position in its text.
    private(set) var depths: [Int] = []
    /// The node at which each text ends, in the order in which they were added.
    private(set) var ends: [Int] = []

    private var children: [Edge: Int] = [:]

    private struct Edge: Hashable {
        let parent: Int
        let token: Int
    }

    var count: Int { tokens.count }

    /// Adds a text from its start mark to its end mark.
    mutating func add(_ text: [Int], endMark: Int) {
        var node = -1
        for token in text {
            let edge = Edge(parent: node, token: token)
            if let child = children[edge] {
                node = child
            } else {
                depths.append(node < 0 ? 0 : depths[node] + 1)
                tokens.append(token)
                parents.append(node)
                node = tokens.count - 1
                children[edge] = node
            }
            if token == endMark { break }
        }
        ends.append(node)
    }
}
