import CLIP
import NeuralLayers
import Relevance
import StyleGAN
import Tensors

/// Trains a latent mapper for a phrase (StyleCLIP, section 5):
///
///     L = 1 − cos(E_i(G(ŵ)), E_t(phrase)) + λ · mean((ŵ − w)²),  ŵ = w + 0.1 · M(w)
///
/// as means over the faces of a batch; the published code takes the mean over all of ŵ's numbers, too. Its third term,
/// the identity of a photographed face by a face recognition network, is not built.
///
/// The result depends on settings and steps alone, not on the number of threads. One thread calls an object.
public final class MapperTrainer {
    /// The terms of the objective, as means over faces.
    public struct Loss: Codable, Hashable, Sendable {
        /// cos(E_i(G(ŵ)), E_t(phrase)); 1 less it is the first term.
        public let cosine: Float
        /// mean((ŵ − w)²), without λ.
        public let distance: Float
    }

    /// Faces that are held out of the training, at least.
    private static let heldOutCount = 16

    private let generator: Generator
    private let settings: MapperSettings
    let network: MapperNetwork
    private let loss: PhraseLoss
    private var optimiser: Ranger
    private var samples: LatentSamples
    /// Of the losses with respect to s: `[batch, C_total]`.
    private var gradients: Tensor
    /// The mean cosine of the faces held out as they are; nil until it was asked for.
    private var unedited: Float?

    /// The steps that were taken.
    public var steps: Int { optimiser.steps }

    /// The training as it stands.
    public var training: MapperTraining {
        MapperTraining(settings: settings, mapper: network.mapper, optimiser: optimiser)
    }

    /// The memory that a training takes, in bytes: the networks, every thread's picture, and of each number of the mapper
    /// itself, its gradient, the optimiser's three, and all but the gradient once more while a file is written.
    public static func memoryBytes(
        _ training: MapperTraining, _ generator: Generator, _ model: CLIPModel, threads: Int
    ) -> Int {
        let batch = training.settings.batch
        let parameters = training.mapper.tensors.reduce(0) { $0 + $1.values.count }
        let rows = batch * (generator.configuration.latentCount * generator.configuration.wDimension)
        let networks = EmbeddingGradientMemory(generator, model.configuration, batch: 1)
        return networks.shared + min(threads, batch) * (networks.picture + networks.thread)
            + 4 * (9 * parameters + (LatentMapper.depth + 8) * rows + 4 * batch * generator.styleSpace.count)
    }

    /// - Parameters:
    ///   - training: new, or as it stood after some steps.
    ///   - phrase: the unit embedding of what faces are to become, `[d]`.
    ///   - threads: how many work side by side, each with a picture's networks; no more than faces of a batch are used.
    /// - Throws: `RelevanceError` where the networks refuse it, `NeuralLayerError`, `ShapeError`.
    public init(
        _ training: MapperTraining, _ generator: Generator, _ model: CLIPModel, phrase: [Float], threads: Int
    ) throws {
        self.generator = generator
        settings = training.settings
        Threads.limit(to: 1)
        network = try MapperNetwork(training.mapper, samples: settings.batch)
        loss = try PhraseLoss(generator, model, phrase: phrase, workers: min(threads, settings.batch))
        optimiser = training.optimiser
        samples = LatentSamples(seed: settings.seed, dimension: generator.configuration.zDimension)
        samples.skip(training.steps * settings.batch)
        gradients = Tensor(zeros: try Shape([settings.batch, generator.styleSpace.count]))
    }

    /// One step of the optimiser on the next faces of the seed.
    /// - Returns: The loss before it.
    /// - Throws: `MapperError.diverged` where numbers are no longer finite; as `init`.
    public func step() throws -> Loss {
        let loss = try gradients(at: latents(&samples))
        optimiser.step(network.parameters, learningRate: settings.learningRate)
        return loss
    }

    /// The loss of faces, w+ `[batch, L, w_dim]`; its gradients are then the parameters'.
    func gradients(at w: Tensor) throws -> Loss {
        let step = try step(from: w)
        let edited = try styles(of: w, step)
        let losses: [Float]
        do {
            losses = try loss(edited, gradients: &gradients)
        } catch {
            throw MapperError.diverged(step: steps + 1, reason: error.description)
        }
        var descent = try generator.styleSpace.latentGradients(gradients)
        // Both terms are means: over the batch, and over all numbers of a batch's steps.
        let share = 1 / Float(settings.batch)
        let pull = 2 * settings.distanceWeight / Float(step.count)
        descent.withUnsafeMutableValues { descent in
            step.withUnsafeValues { step in
                for i in descent.indices { descent[i] = share * descent[i] + pull * step[i] }
            }
        }
        try network.gradients(ofStep: descent)
        return Self.loss(losses, step)
    }

    /// The loss on faces that no step sees, and the cosine of the same faces unedited.
    /// - Throws: as `step`.
    public func evaluation() throws -> (edited: Loss, unedited: Float) {
        let edited = try heldOut { w, step in Self.loss(try loss(styles(of: w, step)), step) }
        let cosine = edited.reduce(0) { $0 + $1.cosine } / Float(edited.count)
        let distance = edited.reduce(0) { $0 + $1.distance } / Float(edited.count)
        return (Loss(cosine: cosine, distance: distance), try uneditedCosine())
    }

    private func uneditedCosine() throws -> Float {
        if let unedited { return unedited }
        let losses = try heldOut { w, _ in try loss(generator.styleSpace.styles(w)) }.joined()
        let cosine = 1 - losses.reduce(0, +) / Float(losses.count)
        unedited = cosine
        return cosine
    }

    /// What `body` finds of w+ and the mapper's step, batch by batch of the faces held out.
    private func heldOut<Found>(_ body: (_ w: Tensor, _ step: Tensor) throws -> Found) throws -> [Found] {
        var samples = LatentSamples(
            seed: settings.heldOutSeed, dimension: generator.configuration.zDimension)
        var found: [Found] = []
        while samples.position < Self.heldOutCount {
            let w = try latents(&samples)
            found.append(try body(w, step(from: w)))
        }
        return found
    }

    /// 0.1 · M(w)
    private func step(from w: Tensor) throws -> Tensor {
        let step = try network(w)
        guard step.withUnsafeValues({ $0.allSatisfy(\.isFinite) }) else {
            throw MapperError.diverged(step: steps + 1, reason: "the mapper's numbers are not finite")
        }
        return step
    }

    /// s of ŵ.
    private func styles(of w: Tensor, _ step: Tensor) throws(GeneratorError) -> Tensor {
        try generator.styleSpace.styles(LatentMapper.edited(w, by: step))
    }

    /// w+ of a batch's next faces: `[batch, L, w_dim]`.
    private func latents(_ samples: inout LatentSamples) throws -> Tensor {
        try generator.latents(
            z: samples.next(settings.batch), truncation: Truncation(psi: settings.truncation))
    }

    private static func loss(_ losses: [Float], _ step: Tensor) -> Loss {
        let squares = step.withUnsafeValues { $0.reduce(0) { $0 + $1 * $1 } }
        return Loss(
            cosine: 1 - losses.reduce(0, +) / Float(losses.count), distance: squares / Float(step.count))
    }
}
