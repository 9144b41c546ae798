import Foundation
import RelevanceDatabase
import TestSupport
import Testing

/// A folder with tiny models, and a database built from them by the real command.
struct TinyStore {
    let folder: TemporaryFolder

    /// Options that name the models.
    var models: [String] {
        ["--generator", file("generator.safetensors"), "--clip", file("clip.safetensors")]
    }

    /// The finished database.
    var store: [String] { ["--store", file("store")] }

    /// Options of a short build.
    static let short = ["--pairs", "2", "--statistics-samples", "50", "--threads", "1"]

    func file(_ name: String) -> String { folder.file(name) }

    /// Models without a database.
    init() throws {
        folder = try TemporaryFolder()
        try TinyModels.writeGenerator(path: file("generator.safetensors"))
        try TinyModels.writeCLIP(path: file("clip.safetensors"), merges: file("merges.txt"))
    }

    /// Models and a database; built once, and the same for all tests that only read it.
    static func built() throws -> TinyStore { try shared.get() }

    /// A copy of the same, for a test that writes into it or beside it.
    static func copied() throws -> TinyStore {
        let copy = try TinyStore()
        try FileManager.default.copyItem(atPath: built().file("store"), toPath: copy.file("store"))
        return copy
    }

    private static let shared = Result<TinyStore, any Error> {
        let tiny = try TinyStore()
        let build = try RunningCommand.run("build-relevance", tiny.models + tiny.store + short + ["--quiet"])
        try #require(build.status == 0, "\(build.error)")
        return tiny
    }
}

/// Expects that a command ended as it should: this status, and one or two lines that say what was wrong.
func expectRefusal(
    _ result: RunningCommand.Result, _ status: Int32, saying words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(result.status == status, "\(result.error)", sourceLocation: sourceLocation)
    let lines = result.error.split(separator: "\n")
    #expect((1...2).contains(lines.count), "\(result.error)", sourceLocation: sourceLocation)
    for word in words {
        #expect(
            result.error.contains(word), "‘\(word)’ is not in: \(result.error)",
            sourceLocation: sourceLocation)
    }
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
}

/// Expects that two databases hold the same bits in all that queries read.
func expectSameBits(
    _ path: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let (found, expected) = try (RelevanceDatabase(path: path), RelevanceDatabase(path: other))
    #expect(
        try found.table().rows.values.map(\.bitPattern) == expected.table().rows.values.map(\.bitPattern),
        sourceLocation: sourceLocation)
    #expect(try found.spread() == expected.spread(), sourceLocation: sourceLocation)
    #expect(found.statistics == expected.statistics, sourceLocation: sourceLocation)
}
