import DatabaseReading

/// CLIP's text encoder at work in a program of its own, `embed-text`.
///
/// A query that needs no text encoded is over before the encoder's libraries would have been loaded. Phrases go
/// there, a NUL behind each and one more behind the last of a request; rows of float32 come back.
final class TextEmbedder {
    /// Phrases of one request: few enough that a request and its answer never wait for one another.
    private static let largestRequest = 512

    private let arguments: [String]
    private let dimension: Int
    private var program: Companion?

    init(database: RelevanceDatabase, clip: CLIPOptions, templates: String?) {
        dimension = database.manifest.dimension
        arguments =
            ["--null", "--store=\(database.path)"]
            + [("clip", clip.clip), ("merges", clip.merges), ("templates", templates)]
            .compactMap { name, value in value.map { "--\(name)=\($0)" } }
    }

    // Its input's end ends it; nobody needs to wait until it has put everything away.
    deinit { program?.leave() }

    /// Embeds phrases: `[phrases.count][d]`, unit norm.
    /// - Throws: `CompanionError` with what the program said, or for a phrase that would be two, or none, on the way there.
    func embeddings(of phrases: [String]) throws(CompanionError) -> [[Float]] {
        if let phrase = phrases.first(where: { $0.isEmpty || $0.utf8.contains(0) }) {
            throw CompanionError(
                "the phrase '\(phrase.prefix(80))' \(phrase.isEmpty ? "is empty" : "holds a zero byte")",
                exitStatus: .badData)
        }
        var embeddings: [[Float]] = []
        embeddings.reserveCapacity(phrases.count)
        for first in stride(from: 0, to: phrases.count, by: Self.largestRequest) {
            let part = phrases[first..<min(first + Self.largestRequest, phrases.count)]
            embeddings += try answer(to: part)
        }
        return embeddings
    }

    /// Starts the program and waits until it has found CLIP to be the one that the database was built with.
    /// - Throws: `CompanionError`.
    func start() throws(CompanionError) {
        let program = try running()
        guard program.send([0]), program.receive(1) != nil else { throw failure(of: program) }
    }

    private func answer(to phrases: ArraySlice<String>) throws(CompanionError) -> [[Float]] {
        let program = try running()
        var request: [UInt8] = []
        for phrase in phrases { request += Array(phrase.utf8) + [0] }
        request.append(0)
        let size = dimension * MemoryLayout<Float>.size
        guard program.send(request), program.receive(1) != nil,
            let bytes = program.receive(phrases.count * size)
        else { throw failure(of: program) }
        return bytes.withUnsafeBytes { bytes in
            (0..<phrases.count).map { phrase in
                (0..<dimension).map {
                    bytes.loadUnaligned(
                        fromByteOffset: phrase * size + $0 * MemoryLayout<Float>.size, as: Float.self)
                }
            }
        }
    }

    private func running() throws(CompanionError) -> Companion {
        if let program { return program }
        let started = try Companion("embed-text", arguments)
        program = started
        return started
    }

    /// Why the program gave no answer; the next request starts it anew.
    private func failure(of program: Companion) -> CompanionError {
        self.program = nil
        return program.failure(program.ended())
    }
}
