import Tensors

/// Beginnings of texts that a text encoder has been through: the keys and values that whatever follows attends to.
///
/// Those of prompt templates are the same for every phrase.
public struct TextBeginnings: Sendable {
    let tree: TokenTree
    /// Of every node in every block, its keys before its values: `[layers, nodes, 2 W]`.
    public let memory: Tensor

    /// The token of every node.
    public var tokens: [Int] { tree.tokens }
    /// The node above each, which stands before it; −1 for a root.
    public var parents: [Int] { tree.parents }

    init(tree: TokenTree, memory: Tensor) {
        self.tree = tree
        self.memory = memory
    }

    /// Beginnings that were kept from an encoder of this model; nil where they cannot be of it.
    public init?(tokens: [Int], parents: [Int], memory: Tensor, of model: CLIPModel) {
        let configuration = model.configuration
        let extents = [configuration.text.layers, tokens.count, 2 * configuration.text.width]
        guard let tree = TokenTree(tokens: tokens, parents: parents),
            tokens.allSatisfy({ (0..<configuration.vocabularySize).contains($0) }),
            tree.depths.allSatisfy({ $0 < configuration.contextLength }),
            let shape = try? Shape(extents), let memory = try? memory.reshaped(to: shape)
        else { return nil }
        self.init(tree: tree, memory: memory)
    }

    /// None.
    static func none(_ tower: TextTower) -> TextBeginnings {
        TextBeginnings(
            tree: TokenTree(), memory: Tensor(zeros: [tower.blocks.count, 0, 2 * tower.sizes.width]))
    }
}
