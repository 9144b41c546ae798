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
        var symbols = SymbolTable(capacity: min(limit, file.count / 4) + Self.alphabetCount)
        for ending in ["", "</w>"] {
            for character in ByteAlphabet.characters {
                _ = symbols.insert(Array("\(character)\(ending)".utf8)[...])
            }
        }
        tokens = Array(0..<Self.alphabetCount)
        merges.reserveCapacity(min(limit, file.count / 4))
        var rank = 0
        for (number, line) in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            guard rank < limit else { break }
            let (left, right, rest) = Self.fields(of: line)
            if left.isEmpty || (number == 0 && Self.isHeading(line)) { continue }
            func fault(_ reason: String) -> TokenizerError {
                .malformed(path: name, line: number + 1, reason: reason)
            }
            guard !right.isEmpty, rest.isEmpty else {
                throw fault(
                    "\(right.isEmpty ? "one symbol" : "more symbols") where a merge has two, with a space between"
                )
            }
            func symbol(of field: ArraySlice<UInt8>) throws(TokenizerError) -> Int {
                if let symbol = symbols.symbol(of: field) { return symbol }
                let text = String(decoding: field.prefix(160), as: UTF8.self).prefix(40)
                throw fault("\(text) is neither a byte nor made by a line above")
            }
            let pair = (try symbol(of: left), try symbol(of: right))
            guard !left.suffix(4).elementsEqual("</w>".utf8) else {
                throw fault(
                    "\(String(decoding: left, as: UTF8.self).prefix(40)) ends a word: nothing follows it")
            }
            let product = symbols.insert(left, right)
            if product == tokens.count { tokens.append(0) }
            tokens[product] = Self.alphabetCount + rank
            merges[Self.key(pair.0, pair.1)] = Merge(rank: rank, product: product)
            rank += 1
        }
        count = rank
    }

    /// The first two fields of a line, and what follows them.
    private static func fields(
        of line: ArraySlice<UInt8>
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>, ArraySlice<UInt8>) {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0d || byte == 0x09 }
        let start = line.drop(while: isSpace)
        let left = start.prefix { !isSpace($0) }
        let next = start[left.endIndex...].drop(while: isSpace)
        let right = next.prefix { !isSpace($0) }
        return (left, right, next[right.endIndex...].drop(while: isSpace))
    }

    private static func isHeading(_ line: ArraySlice<UInt8>) -> Bool {
        String(decoding: line, as: UTF8.self).contains("#version")
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
