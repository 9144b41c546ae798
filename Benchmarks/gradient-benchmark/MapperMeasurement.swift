import Checkpoints
import DatabaseReading
import Editing
import Tensors

/// A step of a latent mapper's training, beside the same step in plain PyTorch from the same weights on the same faces.
struct MapperMeasurement {
    /// Seconds a step.
    let step: Double
    /// Of the first step.
    let loss: Double
    /// What `baseline.py` is to be told for the same.
    let arguments: [String]

    /// - Parameters:
    ///   - steps: how many are timed, after the first.
    ///   - folder: for what the plain one reads.
    init(_ models: MeasuredModels, threads: Int, steps: Int, folder: String) throws {
        var random = NumPyRandomState(seed: 3)
        let values = random.gaussians(models.model.configuration.dimension)
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let target = values.map { $0 / length }
        let settings = try MapperSettings(
            phrase: "random", templates: [], levels: MapperLevel.levels, learningRate: 0.5,
            distanceWeight: 0.8,
            batch: 2, seed: 0, truncation: 0.7)
        let training = try MapperTraining(settings, for: models.generator.configuration)
        let trainer = try MapperTrainer(
            training, models.generator, models.model, phrase: target, threads: threads)
        let first = try trainer.step()  // warm
        loss = Double(1 - first.cosine + settings.distanceWeight * first.distance)
        let began = ContinuousClock.now
        for _ in 0..<steps { _ = try trainer.step() }
        step = (.now - began) / .seconds(1) / Double(steps)

        let (mapper, phrase) = (folder + "/mapper.safetensors", folder + "/target.safetensors")
        try MapperFile.write(training, generator: .unknown, clip: .unknown, path: mapper)
        try SafetensorsFile.write(["target": Tensor(target)], path: phrase)
        arguments = ["--mapper", mapper, "--target", phrase, "--steps", "\(steps)"]
    }
}
