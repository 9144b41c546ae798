import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

/// Against NVIDIA's stylegan2-ada-pytorch with random weights, and against itself.
@Suite(.enabled(if: Conformance.isPresent, "needs ../shared/conformance"))
struct SynthesisTests {
    /// Activations pass through seven layers of sums of a few hundred float32 products: a part in 10⁵ of unit scale.
    private let tolerance: Float = 2e-5

    @Test func latentsAndStylesAreThePublishedOnes() throws {
        let reference = try ReferenceGenerator()
        let z = try reference.expected.tensor("z")
        var random = NumPyRandomState(seed: 1)
        #expect(random.gaussians(z.count) == z.values)

        let generator = reference.generator
        let plain = try generator.latents(z: z, truncation: .none)
        #expect(distance(plain, try reference.expected.tensor("w")) < 1e-5)
        let truncated = try generator.latents(z: z, truncation: Truncation(psi: 0.7, cutoff: 8))
        #expect(distance(truncated, try reference.expected.tensor("w_psi0.7")) < 1e-5)

        let styles = try generator.styleSpace.styles(truncated)
        for layer in generator.styleSpace.layers {
            let published = try reference.expected.tensor("styles." + ReferenceGenerator.publishedName(layer))
            for row in 0..<z.shape[0] {
                for channel in 0..<layer.channels {
                    let ours = styles[row * generator.styleSpace.count + layer.range.lowerBound + channel]
                    #expect(abs(ours - published[row * layer.channels + channel]) < 1e-5, "\(layer.name)")
                }
            }
        }
    }

    @Test(arguments: [4, 5]) func picturesAreThePublishedOnes(batch: Int) throws {
        Threads.limit(to: 1)
        let reference = try ReferenceGenerator()
        let generator = reference.generator
        var styles = try generator.styles(z: reference.expected.tensor("z"), truncation: Truncation())
        let synthesis = try Synthesis(generator, batch: batch)
        #expect(
            distance(try synthesis.images(styles: styles), try reference.expected.tensor("image")) < tolerance
        )

        let layer = try #require(generator.styleSpace.layers.first { $0.name == "b8.conv1" })
        for row in 0..<4 { styles[row * generator.styleSpace.count + layer.range.lowerBound + 3] += 2 }
        let edited = try reference.expected.tensor("image_edited")
        #expect(distance(try synthesis.images(styles: styles), edited) < tolerance)
    }

    @Test func perturbingALayerIsRunningTheWholeNetworkWithThatStyle() throws {
        Threads.limit(to: 1)
        let generator = try ReferenceGenerator().generator
        var random = NumPyRandomState(seed: 3)
        let z = try Tensor(
            random.gaussians(generator.configuration.zDimension),
            shape: [1, generator.configuration.zDimension])
        let styles = try generator.styles(z: z, truncation: Truncation())
        let synthesis = try Synthesis(generator, batch: 3)
        let whole = try Synthesis(generator, batch: 1)
        try synthesis.keep(styles: styles)
        let side = generator.configuration.resolution
        var images = Tensor(zeros: try Shape([3, 3, side, side]))
        for (index, layer) in synthesis.sweptLayers.enumerated() {
            let changes = [
                StyleChange(channel: 0, value: 3), StyleChange(channel: layer.channels - 1, value: -2.5),
            ]
            try synthesis.perturbed(layer: index, changes: changes, into: &images)
            for (place, change) in changes.enumerated() {
                var changed = styles
                changed[layer.range.lowerBound + change.channel] = change.value
                let expected = try whole.images(styles: changed).values
                let found = images.values[place * expected.count..<(place + 1) * expected.count]
                let error = zip(expected, found).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
                #expect(error < tolerance, "\(layer.name) channel \(change.channel)")
            }
        }
    }

    @Test func whatIsAskedForOutsideOfTheNetworkIsRefused() throws {
        Threads.limit(to: 1)
        let generator = try ReferenceGenerator().generator
        let synthesis = try Synthesis(generator, batch: 2)
        let side = generator.configuration.resolution
        var images = Tensor(zeros: try Shape([2, 3, side, side]))
        let change = StyleChange(channel: 0, value: 1)
        #expect(throws: GeneratorError.self) {
            try synthesis.perturbed(layer: 0, changes: [change], into: &images)  // nothing kept yet
        }
        let styles = Tensor(zeros: try Shape([1, generator.styleSpace.count]))
        try synthesis.keep(styles: styles)
        #expect(throws: GeneratorError.self) {
            try synthesis.perturbed(layer: 99, changes: [change], into: &images)
        }
        #expect(throws: GeneratorError.self) {
            try synthesis.perturbed(layer: 0, changes: [StyleChange(channel: 4096, value: 1)], into: &images)
        }
        #expect(throws: GeneratorError.self) {
            try synthesis.perturbed(layer: 0, changes: [change, change, change], into: &images)
        }
        #expect(throws: GeneratorError.self) { try synthesis.images(styles: Tensor([1, 2, 3])) }
        #expect(throws: GeneratorError.self) { try Synthesis(generator, batch: 0) }
    }

    @Test func anotherKindOfFileIsNamed() throws {
        let clip = try Checkpoint.open(path: Conformance.path("clip/clip.safetensors"))
        #expect(throws: GeneratorError.self) { try Generator(checkpoint: clip) }
    }
}
