import Editing
import Relevance
import StyleGAN
import Synchronization
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

    /// The seconds of a step of one face where some go side by side, each on a thread; what precedes the first step is
    /// there to warm.
    func secondsAStep(faces: Int) throws -> Double {
        let (generator, model) = (models.generator, models.model)
        var random = NumPyRandomState(seed: 1)
        let text = random.gaussians(model.configuration.dimension)
        let length = text.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let z = try LatentSamples.images(0..<faces, seed: 1, dimension: generator.configuration.zDimension)
        let optimisation = LatentOptimisation(
            generator, model, text: text.map { $0 / length }, settings: settings)
        let times = Mutex((began: [ContinuousClock.Instant](), ended: [ContinuousClock.Instant]()))
        let steps = settings.steps
        _ = try optimisation.run(from: generator.latents(z: z, truncation: Truncation()), workers: faces) {
            if $1.stepsTaken == 0 { times.withLock { $0.began.append(.now) } }
            if $1.stepsTaken == steps { times.withLock { $0.ended.append(.now) } }
            return true
        }
        return times.withLock { times in
            zip(times.began, times.ended).reduce(0) { $0 + ($1.1 - $1.0) / .seconds(1) }
        } / Double(faces * steps)
    }
}
