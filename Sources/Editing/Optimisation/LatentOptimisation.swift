import CLIP
import Dispatch
import NeuralLayers
import Relevance
import StyleGAN
import Synchronization
import Tensors

/// Latent optimisation (StyleCLIP, section 4): a few hundred steps of Adam on one latent, towards what its picture is to
/// become.
///
/// The defaults are the published ones. As there, the similarity is that of the phrase alone, without templates. The
/// code of least loss is the result, where the published code takes the last; they differ by the end of a schedule that
/// has come down to nothing.
public struct LatentOptimisation: Sendable {
    /// What is optimised, and how.
    public struct Settings: Hashable, Sendable {
        public var space = LatentSpace.wPlus
        /// The number of steps, from 1 on.
        public var steps = 300
        /// η₀ of the schedule.
        public var learningRate = 0.1
        /// λ: how much the squared distance from the start counts. 0 generates freely.
        public var distanceWeight: Float = 0.008

        public init() {}
    }

    private let generator: Generator
    private let model: CLIPModel
    /// E_t, of unit length.
    private let text: [Float]
    public let settings: Settings

    /// - Parameter text: E_t, of unit length: `[d]`.
    public init(_ generator: Generator, _ model: CLIPModel, text: [Float], settings: Settings) {
        self.generator = generator
        self.model = model
        self.text = text
        self.settings = settings
    }

    /// The memory that `run` takes, in bytes.
    public func memory(workers: Int) -> Int {
        let memory = EmbeddingGradientMemory(generator, model.configuration, batch: 1)
        return memory.shared + workers * (memory.picture + memory.thread)
    }

    /// Optimises latents, side by side by some threads; a result depends neither on them nor on its company.
    ///
    /// - Parameters:
    ///   - starts: Codes of the settings' space: `[N, L, w_dim]` or `[N, C_total]`.
    ///   - steps: After which of them codes are kept on the way.
    ///   - workers: Threads; each has networks of its own.
    ///   - observe: Is told of every latent and step, by any of the threads; what it answers is whether to go on.
    /// - Returns: One a latent; nil where it was stopped before one began.
    /// - Throws: `RelevanceError`, `.image` that names the latent and the step where something is not finite.
    public func run(
        from starts: Tensor, keeping steps: [Int] = [], workers: Int,
        observe: @escaping @Sendable (_ latent: Int, OptimisedLatent) -> Bool = { _, _ in true }
    ) throws(RelevanceError) -> [OptimisedLatent?] {
        let starts = try rows(of: starts)
        let kernels = try generating { () throws(GeneratorError) in try SynthesisGradientKernels(generator) }
        let next = Mutex(0)
        let done = Mutex([OptimisedLatent?](repeating: nil, count: starts.count))
        let failure = Mutex<RelevanceError?>(nil)
        let goesOn = Mutex(true)
        DispatchQueue.concurrentPerform(iterations: max(1, min(workers, starts.count))) { _ in
            Threads.limit(to: 1)
            do throws(RelevanceError) {
                let objective = try LatentObjective(
                    generator, model, space: settings.space, text: text, weight: settings.distanceWeight,
                    kernels: kernels)
                while failure.withLock({ $0 == nil }), goesOn.withLock({ $0 }) {
                    let place = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard place < starts.count else { return }
                    let latent = try optimise(starts[place], place, objective, keeping: steps) { latent in
                        let answer = observe(place, latent)
                        return goesOn.withLock { goesOn in
                            goesOn = goesOn && answer
                            return goesOn
                        }
                    }
                    done.withLock { $0[place] = latent }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return done.withLock { $0 }
    }

    private func optimise(
        _ start: Tensor, _ place: Int, _ objective: LatentObjective, keeping kept: [Int],
        observe: (OptimisedLatent) -> Bool
    ) throws(RelevanceError) -> OptimisedLatent {
        let schedule = LearningRateSchedule(rate: settings.learningRate, steps: settings.steps)
        var adam = Adam(count: start.count)
        var code = start
        var step = 0
        do throws(RelevanceError) {
            var latent = OptimisedLatent(start: start, value: try objective.value(at: start, from: start))
            while observe(latent), step < settings.steps {
                let gradient = try objective.gradient(at: code, from: start)
                adam.step(&code, gradient: gradient, learningRate: schedule(step))
                step += 1
                latent.add(code, try objective.value(at: code, from: start))
                if kept.contains(step) { latent.onTheWay.append(code) }
            }
            return latent
        } catch {
            throw .image(
                place,
                reason: "after \(step) steps, \(error.description)"
                    + (step > 0 ? "; a smaller learning rate may do" : ""))
        }
    }

    /// Codes one by one.
    private func rows(of codes: Tensor) throws(RelevanceError) -> [Tensor] {
        guard settings.steps > 0 else {
            throw .setting(name: "steps", value: "\(settings.steps)", needed: "1 or more")
        }
        let shape = settings.space.shape(of: generator)
        let count = codes.shape.rank > 0 ? codes.shape[0] : 0
        guard Array(codes.shape.dimensions.dropFirst()) == Array(shape.dimensions.dropFirst()) else {
            throw .count(what: "numbers of a latent", found: codes.count, expected: count * shape.count)
        }
        do {
            return try codes.withUnsafeValues { values throws(ShapeError) in
                try (0..<count).map { row throws(ShapeError) in
                    try Tensor(values[row * shape.count..<(row + 1) * shape.count], shape: shape)
                }
            }
        } catch {
            throw .shape(error)
        }
    }
}
