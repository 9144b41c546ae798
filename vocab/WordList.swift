/// Phrases on one subject with the neutral phrase that they are compared with.
public struct WordList: Hashable, Sendable {
    /// The subject, for example `animals`.
    public let name: String
    /// What a direction of this list leads away from, for example `animal`.
    public let neutral: String
    /// The phrases, in the file's order, none twice.
    public let words: [String]

    /// The embedded list of that name.
    /// - Throws: `VocabularyError.unknownList` with the names there are.
    public static func named(_ name: String) throws(VocabularyError) -> WordList {
        guard let list = embedded.first(where: { $0.name == name }) else {
            throw .unknownList(name: name, known: embedded.map(\.name))
        }
        return list
    }

    /// Reads a list: a line `neutral: …`, then a phrase a line; `#` begins a comment's line.
    /// - Throws: `VocabularyError` with the line.
    public static func load(path: String) throws(VocabularyError) -> WordList {
        let file = path.split(separator: "/").last ?? ""
        let name = file.hasSuffix(".txt") ? file.dropLast(4) : file
        return try WordList(parsing: TextLines.read(path: path), name: String(name), path: path)
    }

    init(parsing bytes: [UInt8], name: String, path: String) throws(VocabularyError) {
        let lines = try TextLines.lines(of: bytes, path: path)
        guard let heading = lines.first else { throw .empty(path: path) }
        let key = "neutral:"
        let neutral = TextLines.trimmed(heading.text.dropFirst(key.count))
        guard heading.text.hasPrefix(key), !neutral.isEmpty else {
            throw .malformed(
                path: path, line: heading.number, reason: "the first line must be “neutral: ” and a phrase")
        }
        var seen: Set<String> = []
        var words: [String] = []
        for line in lines.dropFirst() {
            guard seen.insert(line.text).inserted else {
                throw .malformed(
                    path: path, line: line.number, reason: "“\(line.text.prefix(40))” is there twice")
            }
            words.append(line.text)
        }
        guard !words.isEmpty else { throw .empty(path: path) }
        self.name = name
        self.neutral = neutral
        self.words = words
    }
}

extension WordList {
    /// The lists of `words/`, by name.
    public static let embedded: [WordList] = [
        ("accessories", PackageResources.accessories_txt),
        ("age", PackageResources.age_txt),
        ("animals", PackageResources.animals_txt),
        ("backgrounds", PackageResources.backgrounds_txt),
        ("beards", PackageResources.beards_txt),
        ("cars", PackageResources.cars_txt),
        ("expressions", PackageResources.expressions_txt),
        ("eyes", PackageResources.eyes_txt),
        ("features", PackageResources.features_txt),
        ("fur", PackageResources.fur_txt),
        ("hair", PackageResources.hair_txt),
        ("makeup", PackageResources.makeup_txt),
        ("people", PackageResources.people_txt),
        ("styles", PackageResources.styles_txt),
    ].compactMap { name, bytes in
        // Files of the project, held to their format by the tests.
        try? WordList(parsing: bytes, name: name, path: name + ".txt")
    }
}
