import DatabaseReading

/// The word lists that a database has embedded, by the names that people give.
public enum VocabularyQuestion {
    /// The lists of these names, all of them where none is given.
    /// - Throws: `OptionError` where nothing was embedded, or a name is unknown, with those there are.
    public static func lists(
        of database: RelevanceDatabase, named names: [String] = []
    ) throws -> [EmbeddedWordList] {
        let all = try database.vocabulary()
        guard !all.isEmpty else {
            throw OptionError(
                "\(database.path) has no vocabulary yet; build-vocabulary embeds it", exitStatus: .noInput)
        }
        guard !names.isEmpty else { return all }
        return try names.map { name in
            guard let list = all.first(where: { $0.name == name }) else {
                throw OptionError(
                    "no list '\(name)' is embedded; there are \(all.map(\.name).joined(separator: ", "))")
            }
            return list
        }
    }
}
