import CLIP
import Relevance
import StyleGAN
import Tensors

/// Latent optimisation (StyleCLIP, section 4): a few hundred steps of Adam on single latents, towards what their pictures
/// are to become.
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

    /// Optimises latents, a step of all of them after another; a result depends neither on its company nor on threads.
    ///
    /// - Parameters:
    ///   - starts: Codes of the settings' space: `[N, L, w_dim]` or `[N, C_total]`.
    ///   - kept: After which steps codes are kept on the way.
    ///   - workers: Threads that take latents side by side, each with a picture's networks.
    ///   - observe: Is told of every step's latents, the starts first; answers whether to go on.
    /// - Throws: `RelevanceError.setting` without steps, `.count` for codes of another shape, `.image` that names the latent
    ///   and the step where something is not finite.
    public func run(
        from starts: Tensor, keeping kept: [Int] = [], workers: Int,
        observe: ([OptimisedLatent]) -> Bool = { _ in true }
    ) throws(RelevanceError) -> [OptimisedLatent] {
        try requireShape(of: starts)
        let objective = try LatentObjective(
            generator, model, space: settings.space, text: text, weight: settings.distanceWeight,
            workers: min(workers, starts.shape[0]))
        let schedule = LearningRateSchedule(rate: settings.learningRate, steps: settings.steps)
        // Adam knows no neighbours: all latents are one array to it.
        var adam = Adam(count: starts.count)
        var (codes, gradients) = (starts, Tensor(zeros: starts.shape))
        var latents: [OptimisedLatent] = []
        for step in 0..<settings.steps {
            let values = try naming(step) { () throws(RelevanceError) in
                try objective.values(at: codes, from: starts, gradients: &gradients)
            }
            note(codes, values, in: &latents, keeping: kept)
            guard observe(latents) else { return latents }
            adam.step(&codes, gradient: gradients, learningRate: schedule(step))
        }
        let values = try naming(settings.steps) { () throws(RelevanceError) in
            try objective.values(at: codes, from: starts)
        }
        note(codes, values, in: &latents, keeping: kept)
        _ = observe(latents)
        return latents
    }

    private func note(
        _ codes: Tensor, _ values: [LatentObjective.Value], in latents: inout [OptimisedLatent],
        keeping kept: [Int]
    ) {
        let shape = settings.space.shape(of: generator)
        for (row, value) in values.enumerated() {
            var code = Tensor(zeros: shape)
            code.withUnsafeMutableValues { code in
                codes.withUnsafeValues { codes in
                    let row = codes[row * shape.count..<(row + 1) * shape.count]
                    _ = code.update(fromContentsOf: row)
                }
            }
            if row < latents.count {
                latents[row].add(code, value, keeping: kept)
            } else {
                latents.append(OptimisedLatent(start: code, value: value))
            }
        }
    }

    /// Runs `body`, whose errors tell after how many steps they came.
    private func naming<Result>(
        _ step: Int, _ body: () throws(RelevanceError) -> Result
    ) throws(RelevanceError) -> Result {
        do throws(RelevanceError) {
            return try body()
        } catch .image(let image, let reason) where step > 0 {
            throw .image(image, reason: "after \(step) steps, \(reason); a smaller learning rate may do")
        }
    }

    private func requireShape(of codes: Tensor) throws(RelevanceError) {
        guard settings.steps > 0 else {
            throw .setting(name: "steps", value: "\(settings.steps)", needed: "1 or more")
        }
        let shape = settings.space.shape(of: generator)
        let count = codes.shape.rank > 0 ? codes.shape[0] : 0
        guard count > 0, codes.shape.dimensions.dropFirst().elementsEqual(shape.dimensions.dropFirst()) else {
            throw .count(
                what: "numbers of latents", found: codes.count, expected: max(1, count) * shape.count)
        }
    }
}
