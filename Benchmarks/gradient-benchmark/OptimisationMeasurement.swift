import Editing
import Relevance
import StyleGAN
import Tensors

/// Steps of latent optimisation, timed.
struct OptimisationMeasurement {
    private let models: MeasuredModels
    private let settings: LatentOptimisation.Settings

    init(_ models: MeasuredModels, steps: Int) {
        self.models = models
        var settings = LatentOptimisation.Settings()
        settings.steps = steps
        self.settings = settings
    }

    /// The seconds of a step where some faces go side by side, each on a thread; the passes before the first step are there
    /// to warm.
    func secondsAStep(faces: Int) throws -> Double {
        let (generator, model) = (models.generator, models.model)
        var random = NumPyRandomState(seed: 1)
        let text = random.gaussians(model.configuration.dimension)
        let length = text.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let z = try LatentSamples.images(0..<faces, seed: 1, dimension: generator.configuration.zDimension)
        let optimisation = LatentOptimisation(
            generator, model, text: text.map { $0 / length }, settings: settings)
        var began = ContinuousClock.now
        _ = try optimisation.run(from: generator.latents(z: z, truncation: Truncation()), workers: faces) {
            if $0[0].stepsTaken == 0 { began = .now }
            return true
        }
        return (.now - began) / .seconds(1) / Double(settings.steps)
    }
}
