/// The prompt templates that an ensemble averages over.
public enum Templates {
    /// The embedded ones, `templates.txt`.
    public static let `default`: [Template] = {
        // A file of the project, held to its format by the tests.
        (try? parse(PackageResources.templates_txt, path: "templates.txt")) ?? []
    }()

    /// Templates from a file: one a line, `#` begins a comment's line.
    /// - Throws: `VocabularyError` with the line.
    public static func load(path: String) throws(VocabularyError) -> [Template] {
        try parse(TextLines.read(path: path), path: path)
    }

    static func parse(_ bytes: [UInt8], path: String) throws(VocabularyError) -> [Template] {
        var templates: [Template] = []
        for line in try TextLines.lines(of: bytes, path: path) {
            do throws(VocabularyError) {
                templates.append(try Template(line.text))
            } catch {
                throw .malformed(path: path, line: line.number, reason: error.description)
            }
        }
        guard !templates.isEmpty else { throw .empty(path: path) }
        return templates
    }
}
