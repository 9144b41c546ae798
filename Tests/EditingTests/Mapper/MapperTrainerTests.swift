import CLIP
import Checkpoints
import Relevance
import StyleGAN
import Tensors
import TestSupport
import Testing

@testable import Editing

/// On networks of random weights, small ones.
@Suite struct MapperTrainerTests {
    private let generator: Generator
    private let model: CLIPModel
    private let phrase: [Float]

    init() throws {
        let folder = try TemporaryFolder()
        try TinyModels.writeGenerator(path: folder.file("generator.safetensors"))
        try TinyModels.writeCLIP(path: folder.file("clip.safetensors"), merges: folder.file("merges.txt"))
        generator = try Generator(checkpoint: .open(path: folder.file("generator.safetensors")))
        model = try CLIPModel(
            checkpoint: .open(path: folder.file("clip.safetensors")), merges: folder.file("merges.txt"))
        var random = NumPyRandomState(seed: 8)
        let values = random.gaussians(model.configuration.dimension)
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        phrase = values.map { $0 / norm }
    }

    private func trainer(
        _ training: MapperTraining? = nil, batch: Int = 3, distanceWeight: Float = 0.8, threads: Int = 1
    ) throws -> MapperTrainer {
        let settings = try MapperSettings(
            phrase: "tiger", templates: ["{}"], levels: MapperLevel.levels, learningRate: 0.5,
            distanceWeight: distanceWeight, batch: batch, seed: 1, truncation: 0.7)
        return try MapperTrainer(
            training ?? MapperTraining(settings, for: generator.configuration), generator, model,
            phrase: phrase, threads: threads)
    }

    @Test func threadsChangeNoBit() throws {
        let trainings = try [1, 2, 3].map { threads in
            let trainer = try trainer(threads: threads)
            for _ in 0..<8 { _ = try trainer.step() }
            return trainer.training
        }
        #expect(trainings[1] == trainings[0])
        #expect(trainings[2] == trainings[0])
        #expect(trainings[0].steps == 8)
    }

    @Test func aTrainingThatIsTakenUpAgainEndsInTheSameBits() throws {
        let whole = try trainer()
        for _ in 0..<14 { _ = try whole.step() }
        let first = try trainer()
        for _ in 0..<5 { _ = try first.step() }
        // What is asked in between leaves no trace.
        _ = try first.evaluation()
        let second = try trainer(first.training)
        for _ in 0..<9 { _ = try second.step() }
        #expect(second.training == whole.training)
    }

    @Test func facesHeldOutComeNearer() throws {
        let trainer = try trainer(distanceWeight: 0)
        let before = try trainer.evaluation()
        for _ in 0..<60 { _ = try trainer.step() }
        let after = try trainer.evaluation()
        #expect(after.edited.cosine > before.edited.cosine)
        #expect(after.edited.cosine > after.unedited)
        #expect(after.unedited == before.unedited)
    }

    @Test func aHeavyWeightKeepsFacesWhereTheyAre() throws {
        let trainer = try trainer(distanceWeight: 1000)
        let before = try trainer.evaluation().edited.distance
        for _ in 0..<300 { _ = try trainer.step() }
        #expect(try trainer.evaluation().edited.distance < before / 2)
    }

    /// Of the whole objective, from a weight to the loss of a batch.
    @Test func theObjectivesGradientIsItsDifferences() throws {
        let trainer = try trainer(distanceWeight: 0.8)
        let w = try generator.latents(
            z: LatentSamples.images(0..<3, seed: 4, dimension: generator.configuration.zDimension),
            truncation: Truncation())
        _ = try trainer.gradients(at: w)
        let parameters = trainer.network.parameters
        let gradients = parameters.map { Array($0.gradient.elements) }
        for place in parameters.indices {
            let values = Array(parameters[place].values.elements)
            // In float32 the loss is known to some 1e-7, and it has corners: the best of some steps, in units of weights
            // around 100.
            let errors = try [0.5, 1, 2, 4].map { step in
                try CentralDifferences.error(
                    at: values, outputGradient: [1], gradient: gradients[place], step: step
                ) { changed in
                    _ = parameters[place].values.elements.update(fromContentsOf: changed)
                    defer { _ = parameters[place].values.elements.update(fromContentsOf: values) }
                    let loss = try trainer.gradients(at: w)
                    return [1 - loss.cosine + 0.8 * loss.distance]
                }
            }
            #expect(errors.min() ?? 1 < 0.1, "\(place): \(errors)")
        }
    }

    @Test func whatGoesAstrayIsSaid() throws {
        let wild = try MapperSettings(
            phrase: "tiger", templates: ["{}"], levels: [.coarse], learningRate: 100, distanceWeight: 0,
            batch: 1,
            seed: 1, truncation: 0.7)
        var training = try MapperTraining(wild, for: generator.configuration)
        let levels = training.mapper.levels.map { level in
            var level = level
            level.weights[0] = Tensor(zeros: level.weights[0].shape)
            level.weights[0][0] = .greatestFiniteMagnitude
            level.weights[1][0] = .greatestFiniteMagnitude
            return level
        }
        training.mapper = LatentMapper(
            latentCount: training.mapper.latentCount, wDimension: training.mapper.wDimension, levels: levels)
        let trainer = try MapperTrainer(training, generator, model, phrase: phrase, threads: 1)
        #expect { try trainer.step() } throws: { "\($0)".contains("went astray in step 1") }
    }
}
