/// The table of a byte-pair encoding: which two symbols become one, and which pair goes first.
///
/// Symbols 0 to 255 are bytes, 256 to 511 bytes at the end of a word, further ones the products of merges.
struct BytePairMerges: Sendable {
    /// The symbols that stand before the first merge's product: bytes inside of a word and at its end.
    static let alphabetCount = 512

    private struct Merge {
        let rank: Int
        let product: Int
    }

    /// From the key of a pair to its merge.
    private var merges: [UInt64: Merge] = [:]

    /// The token of each symbol. A symbol that two merges produce has the later one's, as in OpenAI's table.
    private(set) var tokens: [Int]

    /// The number of merges.
    let count: Int

    /// - Parameters:
    ///   - file: one merge a line, `left right`, in the order of their ranks, `</w>` at the end of a word; a first line
    ///     with `#version` is a heading.
    ///   - limit: how many merges are read at most.
    ///   - name: what errors call the file.
    /// - Throws: `TokenizerError.malformed` where a line is not two symbols made before it.
    init(parsing file: [UInt8], limit: Int, name: String) throws(TokenizerError) {
        var symbols: [String: Int] = [:]
        for (position, character) in ByteAlphabet.characters.enumerated() {
            symbols[String(character)] = position
            symbols[String(character) + "</w>"] = position + 256
        }
        tokens = Array(0..<Self.alphabetCount)
        var rank = 0
        for (number, line) in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            guard rank < limit else { break }
            let fields = line.split {
                $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t")
            }
            .map { String(decoding: $0, as: UTF8.self) }
            if fields.isEmpty || (number == 0 && fields.contains { $0.contains("#version") }) { continue }
            guard fields.count == 2 else {
                throw .malformed(
                    path: name, line: number + 1,
                    reason: "\(fields.count) symbols where a merge has two, with a space between")
            }
            var pair: [Int] = []
            for field in fields {
                guard let symbol = symbols[field] else {
                    throw .malformed(
                        path: name, line: number + 1,
                        reason: "\(field.prefix(40)) is neither a byte nor made by a line above")
                }
                pair.append(symbol)
            }
            guard !fields[0].hasSuffix("</w>") else {
                throw .malformed(
                    path: name, line: number + 1,
                    reason: "\(fields[0].prefix(40)) ends a word: nothing follows it")
            }
            let text = fields[0] + fields[1]
            let product = symbols[text] ?? tokens.count
            symbols[text] = product
            if product == tokens.count { tokens.append(0) }
            tokens[product] = Self.alphabetCount + rank
            merges[Self.key(pair[0], pair[1])] = Merge(rank: rank, product: product)
            rank += 1
        }
        count = rank
    }

    /// The two symbols of a pair in one word; there are fewer than 2^32 symbols, a line of the file each.
    private static func key(_ left: Int, _ right: Int) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    /// The tokens of a word after all merges.
    ///
    /// As the published loop has it: the pair of the lowest rank is merged wherever it stands, from left to right, and
    /// only then are the new pairs looked at. A heap of pairs makes that n log n in the word's length.
    func tokens(of word: String) -> [Int] {
        var symbols = word.utf8.map { ByteAlphabet.position(of: $0) }
        guard let last = symbols.popLast() else { return [] }
        symbols.append(last + 256)

        // A linked list of the symbols that are left: the place of each one's neighbours.
        var next = Array(1...symbols.count)
        var previous = Array(-1..<symbols.count - 1)
        var candidates = CandidateHeap()
        let end = symbols.count

        func candidate(at left: Int) -> Candidate? {
            guard left >= 0, next[left] < end else { return nil }
            let (first, second) = (symbols[left], symbols[next[left]])
            guard let merge = merges[Self.key(first, second)] else { return nil }
            return Candidate(
                rank: merge.rank, place: left, left: first, right: second, product: merge.product)
        }

        for place in 0..<end { candidate(at: place).map { candidates.insert($0) } }
        var fresh: [Candidate] = []
        while let rank = candidates.first?.rank {
            while let best = candidates.first, best.rank == rank {
                candidates.removeFirst()
                let right = next[best.place]
                // A neighbour may have been merged away since: then the pair no longer stands there.
                guard symbols[best.place] == best.left, right < end, symbols[right] == best.right else {
                    continue
                }
                symbols[best.place] = best.product
                symbols[right] = -1
                next[best.place] = next[right]
                if next[right] < end { previous[next[right]] = best.place }
                if let made = candidate(at: previous[best.place]) { fresh.append(made) }
                if let made = candidate(at: best.place) { fresh.append(made) }
            }
            for made in fresh { candidates.insert(made) }
            fresh.removeAll(keepingCapacity: true)
        }
        return symbols.filter { $0 >= 0 }.map { tokens[$0] }
    }
}

/// A pair that could be merged, as it stood when it was found.
private struct Candidate: Comparable {
    let rank: Int
    let place: Int
    let left: Int
    let right: Int
    let product: Int

    static func < (one: Candidate, other: Candidate) -> Bool {
        (one.rank, one.place) < (other.rank, other.place)
    }
}

/// A binary heap: the candidate of the lowest rank, leftmost, comes first.
private struct CandidateHeap {
    private var nodes: [Candidate] = []

    var first: Candidate? { nodes.first }

    mutating func insert(_ candidate: Candidate) {
        nodes.append(candidate)
        var child = nodes.count - 1
        while child > 0, nodes[child] < nodes[(child - 1) / 2] {
            nodes.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard let last = nodes.popLast(), !nodes.isEmpty else { return }
        nodes[0] = last
        var parent = 0
        while 2 * parent + 1 < nodes.count {
            var child = 2 * parent + 1
            if child + 1 < nodes.count, nodes[child + 1] < nodes[child] { child += 1 }
            guard nodes[child] < nodes[parent] else { return }
            nodes.swapAt(child, parent)
            parent = child
        }
    }
}
