/// Texts as a tree of tokens: where two begin alike they share rows, and a causal transformer computes those once.
///
/// A node's row depends on its ancestors alone. A text ends at its first end mark: no row after it reaches its
/// embedding.
struct TokenTree: Hashable, Sendable {
    /// The token of each node; a node's parent stands before it.
    private(set) var tokens: [Int] = []
    /// The node above each, −1 for a root.
    private(set) var parents: [Int] = []
    /// How many nodes lie above each: the token's position in its text.
    private(set) var depths: [Int] = []
    /// The node at which each text ends, in the order in which they were added.
    private(set) var ends: [Int] = []
    /// The first nodes, whose keys and values are known from before.
    let known: Int

    private var children: [Edge: Int] = [:]

    private struct Edge: Hashable {
        let parent: Int
        let token: Int
    }

    var count: Int { tokens.count }

    /// The nodes whose rows are to be computed.
    var fresh: Range<Int> { known..<count }

    init() { known = 0 }

    /// A tree that goes on from the nodes of another one.
    init(after beginnings: TokenTree) {
        self = TokenTree(known: beginnings.count)
        (tokens, parents, depths) = (beginnings.tokens, beginnings.parents, beginnings.depths)
        children = beginnings.children
    }

    private init(known: Int) { self.known = known }

    /// The tree of these nodes; nil where one stands before its parent.
    init?(tokens: [Int], parents: [Int]) {
        guard tokens.count == parents.count else { return nil }
        self.init()
        for (node, parent) in parents.enumerated() {
            guard (-1..<node).contains(parent) else { return nil }
            add(tokens[node], below: parent)
        }
        guard count == tokens.count else { return nil }
    }

    /// Adds a text from its start mark to its end mark.
    mutating func add(_ text: [Int], endMark: Int) {
        let end = text.firstIndex(of: endMark) ?? text.endIndex - 1
        ends.append(addBeginning(text[...end]))
    }

    /// Adds the beginning of texts, none of which ends with it; its last node.
    @discardableResult
    mutating func addBeginning(_ tokens: ArraySlice<Int>) -> Int {
        tokens.reduce(-1) { add($1, below: $0) }
    }

    /// The node of a token below another, which is new unless it was there.
    @discardableResult
    private mutating func add(_ token: Int, below parent: Int) -> Int {
        let edge = Edge(parent: parent, token: token)
        if let child = children[edge] { return child }
        depths.append(parent < 0 ? 0 : depths[parent] + 1)
        tokens.append(token)
        parents.append(parent)
        children[edge] = tokens.count - 1
        return tokens.count - 1
    }

    /// Texts in trees of about the same size, in their order: one for each part, fewer where they would be small, more
    /// where they would be too large.
    /// - Parameters:
    ///   - beginnings: the nodes that all of the trees go on from.
    ///   - parts: as many trees as there are threads to take one each.
    ///   - smallest: the new nodes that are worth a tree of their own.
    ///   - largest: the new nodes of a tree at most, but for those of its last text.
    static func trees(
        of texts: [[Int]], endMark: Int, after beginnings: TokenTree, parts: Int, smallest: Int, largest: Int
    ) -> [TokenTree] {
        func cut(at size: Int) -> [TokenTree] {
            var trees: [TokenTree] = []
            for text in texts {
                if trees.last.map({ $0.fresh.count >= size }) ?? true {
                    trees.append(TokenTree(after: beginnings))
                }
                trees[trees.count - 1].add(text, endMark: endMark)
            }
            return trees
        }
        var whole = TokenTree(after: beginnings)
        for text in texts where whole.fresh.count < parts * largest { whole.add(text, endMark: endMark) }
        // What trees share is in each of them: equal ones are a little larger than the whole divided.
        var size = max(smallest, whole.fresh.count / parts)
        while parts > 1, size < largest {
            let trees = cut(at: size)
            if trees.count <= parts { return trees }
            size += max(1, size / 32)
        }
        return cut(at: largest)
    }
}
