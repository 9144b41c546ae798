import ArgumentParser
import CLIP
import CommandKit
import Glibc
import NeuralLayers
import RelevanceDatabase
import Vocabulary

@main struct EmbedText: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed-text",
        abstract:
            "Embed phrases with a database's CLIP, as the other commands do for phrases that are new to it.",
        discussion: """
            Phrases come on standard input, a line each. For each a row of d float32
            numbers (little-endian, unit norm) goes to standard output: the mean over
            the prompt templates. An empty line asks for the rows of those before it,
            and is answered by a zero byte and the rows.

            Examples:
              printf '%s\\n' tiger lion | embed-text | tail --bytes +2 > two-rows.f32
            """,
        version: ProgramVersion.current)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var ensemble: EnsembleOptions

    @Flag(help: "Phrases end in a zero byte instead of a line break.")
    var null = false

    func run() throws {
        let database = try database.open()
        let model = try clip.open(for: database)
        let ensemble = try ensemble.ensemble()
        var input = PhraseInput(descriptor: STDIN_FILENO, separator: null ? 0 : UInt8(ascii: "\n"))
        // Made when a phrase comes: a request without one only asks whether this is the right CLIP.
        var encoder: TextEncoder?
        while let phrases = try input.request() {
            var rows: [UInt8] = [0]
            if !phrases.isEmpty {
                let made = try encoder ?? Self.encoder(of: model, ensemble, database)
                encoder = made
                for row in try ensemble.embeddings(of: phrases, by: made) {
                    row.withUnsafeBytes { rows += $0 }
                }
            }
            try StandardStream.output.write(bytes: rows)
        }
    }

    /// The encoder, with what it has computed before of what stands before every phrase, or computes now and keeps.
    private static func encoder(
        of model: CLIPModel, _ ensemble: PromptEnsemble, _ database: RelevanceDatabase
    ) throws -> TextEncoder {
        // A small encoder's threads would wait for one another longer than they work.
        if model.configuration.text.width <= 256 { Threads.limit(to: 1) }
        let name = PhraseEmbeddings.name(of: ensemble.templates)
        // Only speed hangs on it.
        if let kept = try? database.beginnings(ofEnsemble: name),
            let beginnings = TextBeginnings(
                tokens: kept.tokens, parents: kept.parents, memory: kept.memory, of: model)
        {
            return try model.textEncoder(beginnings: beginnings)
        }
        let beginnings = try model.textEncoder().beginnings(of: ensemble.beginnings)
        if let beginnings {
            let kept = RelevanceDatabase.KeptBeginnings(
                tokens: beginnings.tokens, parents: beginnings.parents, memory: beginnings.memory)
            try? database.keep(kept, ofEnsemble: name)
        }
        return try model.textEncoder(beginnings: beginnings)
    }
}
