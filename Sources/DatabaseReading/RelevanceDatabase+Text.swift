import DirectionStore
import Directions
import FoundationEssentials
import Tensors

/// What a database keeps of the texts that queries ask about, so that the text encoder has less to do, or nothing.
extension RelevanceDatabase {
    /// Phrases whose embeddings are kept at most. At one more, all are forgotten that no word list holds.
    public static let textLimit = 10_000
    /// Prompt ensembles whose beginnings are kept at most; likewise.
    private static let ensembleLimit = 4

    /// Embeddings belong to one CLIP; where an import did not say which, any may be named in turn.
    private var keepsText: Bool { manifest.clip.isKnown }

    // MARK: Phrases

    /// A phrase's embedding that `keep` has kept: `[d]`, unit norm.
    /// - Throws: `StoreError.valueSize`; `RelevanceError.value` where it is no direction.
    public func embedding(_ key: TextKey) throws -> [Float]? {
        guard keepsText, let key = key.stored,
            let values = try store.read({
                try $0.floats(of: key, in: .text, count: manifest.dimension)
            })
        else { return nil }
        _ = try TextDirection(values)
        return values
    }

    /// Keeps phrases' embeddings, where the database was opened to keep text and can be written.
    public func keep(_ embeddings: [(key: TextKey, values: [Float])], limit: Int = textLimit) throws {
        guard keepsText else { return }
        let isFull = try store.read { try $0.count(of: .text) } + embeddings.count > limit
        let wanted = try isFull ? Self.keys(of: vocabulary()) : []
        try keep { transaction in
            if isFull { try Self.forgetPhrases(but: wanted, transaction) }
            var room = try limit - transaction.reading.count(of: .text)
            for (key, values) in embeddings {
                guard let key = key.stored, values.count == manifest.dimension, room > 0 else { continue }
                try transaction.put(values, for: key, in: .text)
                room -= 1
            }
        }
    }

    /// Keeps a word list, in place of one of its name, with the embeddings of its phrases; none of them counts towards the
    /// limit of kept phrases.
    ///
    /// - Parameter embeddings: Of the neutral phrase, then of the words, `[1 + words][d]`.
    /// - Throws: `StoreError.readOnly` where the database cannot be written; `DatabaseError.request` for a phrase that is too
    ///   long to be kept.
    public func keep(_ list: EmbeddedWordList, embeddings: [[Float]], limit: Int = textLimit) throws {
        let phrases = [list.neutral] + list.words
        let keys = try phrases.map { phrase in
            guard let key = TextKey(phrase: phrase, ensemble: list.ensemble).stored else {
                throw DatabaseError.request(
                    name: "the length of '\(phrase.prefix(40))'", value: phrase.utf8.count,
                    needed: "below \(Table.longestKey - list.ensemble.utf8.count - 8) bytes")
            }
            return key
        }
        let others = try vocabulary().filter { $0.name != list.name }
        let wanted = Self.keys(of: others).union(keys)
        let json = try JSONEncoder().encode(list)
        try store.write { transaction in
            try transaction.put(bytes: json, for: Self.vocabularyPrefix + list.name, in: .manifest)
            guard keepsText else { return }
            if try transaction.reading.count(of: .text) + keys.count > limit {
                try Self.forgetPhrases(but: wanted, transaction)
            }
            for (key, values) in zip(keys, embeddings) where values.count == manifest.dimension {
                try transaction.put(values, for: key, in: .text)
            }
        }
    }

    /// The keys of all phrases of word lists.
    private static func keys(of lists: [EmbeddedWordList]) -> Set<String> {
        let keys = lists.flatMap { list in
            ([list.neutral] + list.words).map { TextKey(phrase: $0, ensemble: list.ensemble).stored }
        }
        return Set(keys.compactMap(\.self))
    }

    /// Removes phrases that are not wanted.
    private static func forgetPhrases(
        but wanted: Set<String>, _ transaction: borrowing WriteTransaction
    ) throws {
        var unwanted: [String] = []
        try transaction.reading.forEach(in: .text) { key, _ in
            if !key.hasPrefix(beginningsPrefix), !wanted.contains(key) { unwanted.append(key) }
        }
        for key in unwanted { try transaction.remove(key, from: .text) }
    }

    // MARK: Beginnings

    /// What a text encoder keeps of a prompt ensemble's beginnings: a tree of tokens, and what it computed for them.
    public struct KeptBeginnings: Sendable {
        /// The token of every node, and the node above it.
        public let tokens, parents: [Int]
        /// The encoder's: `[layers, nodes, …]`.
        public let memory: Tensor

        public init(tokens: [Int], parents: [Int], memory: Tensor) {
            (self.tokens, self.parents, self.memory) = (tokens, parents, memory)
        }
    }

    /// The beginnings of a prompt ensemble that were kept.
    /// - Throws: `StoreError.valueSize`.
    public func beginnings(ofEnsemble ensemble: String) throws -> KeptBeginnings? {
        guard keepsText else { return nil }
        return try store.read { transaction in
            let key = Self.beginningsPrefix + ensemble
            guard let tree = try transaction.bytes(of: key, in: .text),
                let memory = try transaction.withFloats(
                    of: key + Self.memorySuffix, in: .text,
                    { try $0.withUnsafeBufferPointer { try Tensor($0, shape: [$0.count]) } })
            else { return nil }
            let numbers = tree.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map {
                    Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)))
                }
            }
            let count = numbers.count / 2
            return KeptBeginnings(
                tokens: Array(numbers[..<count]), parents: Array(numbers[count..<2 * count]), memory: memory)
        }
    }

    /// Keeps a prompt ensemble's beginnings, where the database was opened to keep text and can be written.
    public func keep(_ beginnings: KeptBeginnings, ofEnsemble ensemble: String) throws {
        guard keepsText else { return }
        let numbers = (beginnings.tokens + beginnings.parents).map { Int32(clamping: $0).littleEndian }
        try keep { transaction in
            var keys: [String] = []
            try transaction.reading.forEach(in: .text) { key, _ in
                if key.hasPrefix(Self.beginningsPrefix) { keys.append(key) }
            }
            if keys.count >= 2 * Self.ensembleLimit {
                for key in keys { try transaction.remove(key, from: .text) }
            }
            let key = Self.beginningsPrefix + ensemble
            try transaction.put(bytes: numbers.withUnsafeBytes { Array($0) }, for: key, in: .text)
            try transaction.put(beginnings.memory.values, for: key + Self.memorySuffix, in: .text)
        }
    }

    /// A phrase's key begins with a number.
    private static let beginningsPrefix = "beginnings/"
    private static let memorySuffix = "/memory"
}
