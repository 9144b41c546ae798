import CLIP
import Checkpoints
import DatabaseReading
import Foundation
import OtherPrograms
import ProgramFolder
import QuestionKit
import RandomModels
import RelevanceDatabase
import Vocabulary

/// A new phrase by a full-size text encoder: `query-direction` from its start to its end, beside PyTorch's encode_text.
struct TextBenchmark {
    /// What was measured, or why nothing was.
    enum Outcome {
        case skipped(reason: String)
        case measured(querySeconds: Double, python: EncodeText?, relativeError: Double?)
    }

    /// What `encode_text.py` prints.
    struct EncodeText: Decodable {
        let seconds: Double
        let secondsWrittenOut: Double
        let embeddings: [[Float]]
        let torch: String
    }

    static let templateCount = 79
    /// Ensembles that PyTorch encodes as well.
    private static let compared = 3

    let folder: String
    let threads: Int

    /// - Parameter clip: A file of weights with its merges beside it; nil for random weights of ViT-B/32's sizes.
    func measure(clip: String?) throws -> Outcome {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let merges = StoreLocation.folder + "/" + TokenizerSource.published
        if clip == nil, !FileManager.default.fileExists(atPath: merges) {
            return .skipped(reason: "OpenAI's merges are not in store/; make clip-vocabulary fetches them")
        }
        let path = try clip ?? random(merges: merges)
        let database = folder + "/database"
        let checkpoint = try Checkpoint.open(path: path)
        let record = WeightsRecord(
            name: URL(fileURLWithPath: path).standardizedFileURL.path,
            fingerprint: try checkpoint.fingerprint)
        try WideDatabase.build(at: database, clip: record)
        let templates = try writeTemplates()

        // The first embeds the neutral phrase and reads the whole file for its fingerprint too.
        let phrases = try ["first"] + WordList.named("hair").words.prefix(16)
        let times = try phrases.map {
            try ProgramTime.wholeSeconds(
                of: ProgramFolder.path + "/query-direction",
                [$0, "--store", database, "--beta", "0", "--templates", folder + "/templates.txt"])
        }.dropFirst().sorted()
        let query = times[times.count / 2]

        let compared = Array(phrases.dropFirst().prefix(Self.compared))
        let python = try encodeText(path, compared, templates, merges: clip == nil ? merges : nil)
        let kept = try RelevanceDatabase(path: database)
        let ensemble = PhraseEmbeddings.name(of: templates)
        let errors = try python.map { python in
            try zip(compared, python.embeddings).map { phrase, expected in
                Self.distance(try kept.embedding(TextKey(phrase: phrase, ensemble: ensemble)) ?? [], expected)
            }
        }
        return .measured(querySeconds: query, python: python, relativeError: errors?.max())
    }

    private func random(merges: String) throws -> String {
        let path = folder + "/clip.safetensors"
        let tokens = try Tokenizer.open(path: merges).vocabularySize
        try RandomModels.writeCLIP(path: path, tokens: tokens, tower: .text)
        // Commands look for merges beside the weights.
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/" + TokenizerSource.published, withDestinationPath: merges)
        return path
    }

    private func writeTemplates() throws -> [Template] {
        let texts = Templates.default.map(\.text)
        let more = (0..<max(0, Self.templateCount - texts.count)).map { "picture \($0) of a {}" }
        let chosen = (texts + more).prefix(Self.templateCount)
        try chosen.joined(separator: "\n").write(
            toFile: folder + "/templates.txt", atomically: true, encoding: .utf8)
        return try chosen.map { try Template($0) }
    }

    /// The same texts by PyTorch; nil where there is none.
    private func encodeText(
        _ clip: String, _ phrases: [String], _ templates: [Template], merges: String?
    ) throws -> EncodeText? {
        let options = try CLIPOptions.parse(["--clip", clip] + (merges.map { ["--merges", $0] } ?? []))
        let model = try options.open().model
        let tokens = try phrases.map { phrase in
            try templates.map {
                try model.tokenizer.tokens(
                    of: $0(phrase), contextLength: model.configuration.contextLength)
            }
        }
        try JSONEncoder().encode(tokens).write(to: URL(fileURLWithPath: folder + "/tokens.json"))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("encode_text.py").path
        guard ReferencePython.has("torch", "safetensors") else { return nil }
        let output = try ReferencePython.output([script, clip, folder + "/tokens.json", "\(threads)"])
        return try JSONDecoder().decode(EncodeText.self, from: Data(output.utf8))
    }

    /// |found − expected| of unit vectors.
    private static func distance(_ found: [Float], _ expected: [Float]) -> Double {
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
            .squareRoot()
    }
}
