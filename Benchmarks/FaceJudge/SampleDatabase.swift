import AnimalFaces
import CLIP
import Checkpoints
import Relevance
import RelevanceDatabase
import StyleGAN

/// A small database of the embedded models: what tests ask and benchmarks build.
public struct SampleDatabase: Sendable {
    /// As `build-relevance` has it for the embedded models.
    public static let neutral = "animal face"

    public let generator: Generator
    public let model: CLIPModel
    private let records: (generator: WeightsRecord, clip: WeightsRecord)

    /// Opens the embedded models.
    public init() throws {
        let generator = try Checkpoint.open(path: AnimalFaces.resource(.generator))
        let clip = try Checkpoint.open(path: AnimalFaces.resource(.clip))
        self.generator = try Generator(checkpoint: generator)
        model = try CLIPModel.open(path: clip.path, merges: AnimalFaces.resource(.merges))
        records = try (
            WeightsRecord(name: "animal-faces generator", fingerprint: generator.fingerprint),
            WeightsRecord(name: "animal-faces CLIP", fingerprint: clip.fingerprint)
        )
    }

    /// Opens the database in a folder after building what it lacks of it.
    public func database(
        at path: String, pairs: Int, statisticsSamples: Int, workers: Int,
        progress: @escaping @Sendable (BuildProgress) -> Void = { _ in }
    ) throws -> RelevanceDatabase {
        var request = BuildRequest(
            path: path, generator: records.generator, clip: records.clip,
            settings: try SweepSettings(statisticsSamples: statisticsSamples), pairs: pairs,
            neutral: Self.neutral, toolVersion: "sample")
        request.workers = workers
        let subject = try ModelSubject(generator: generator, model: model)
        _ = try DatabaseBuilder(request, subject: subject).run(progress: progress)
        return try RelevanceDatabase(path: path)
    }
}
