import Checkpoints
import Foundation
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

/// Against what the public code drew with the weights of `Tools/Fixtures/make_generators.py`.
@Suite struct GeneratorLayoutTests {
    /// As in `SynthesisTests`: sums of a few hundred float32 products through five to seven layers.
    private let tolerance: Float = 2e-5

    private static func open(_ name: String) throws -> Checkpoint {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try Checkpoint.open(path: folder.appendingPathComponent("Fixtures/\(name)").path)
    }

    private func expectPublishedPictures(
        _ generator: Generator, _ expected: Checkpoint, truncation: Truncation
    ) throws {
        Threads.limit(to: 1)
        let latents = try generator.latents(z: expected.tensor("z"), truncation: truncation)
        #expect(distance(latents, try expected.tensor("latents")) < 1e-5)
        let images = try Synthesis(generator, batch: 2).images(styles: generator.styleSpace.styles(latents))
        // Random weights draw pictures of any scale; the tolerance is of unit scale.
        let published = try expected.tensor("image")
        let scale = (published.values.reduce(0) { $0 + $1 * $1 } / Float(published.count)).squareRoot()
        let error = distance(images, published) / scale
        #expect(error < tolerance)
    }

    @Test func rosinalitysGeneratorDrawsWhatItsOwnCodeDraws() throws {
        let generator = try Generator(checkpoint: Self.open("rosinality.pt"))
        #expect(generator.configuration.blocks.map(\.channels) == [20, 20, 12, 8])
        #expect(generator.configuration.mappingDepth == 3 && generator.configuration.zDimension == 24)
        try expectPublishedPictures(
            generator, Self.open("rosinality-expected.safetensors"),
            truncation: Truncation(psi: 0.7, cutoff: 99))
    }

    @Test func aMeanLatentThatIsLeftOutIsSampled() throws {
        let whole = try Self.open("rosinality.pt")
        let folder = try TemporaryFolder()
        var tensors: [String: Tensor] = [:]
        // Training saves the averaged generator beside the other one; this is a file of the averaged one alone.
        for name in whole.names where name.hasPrefix("g_ema.") {
            tensors[String(name.dropFirst("g_ema.".count))] = try whole.tensor(name)
        }
        try SafetensorsFile.write(tensors, path: folder.file("g.safetensors"))
        let generator = try Generator(checkpoint: .open(path: folder.file("g.safetensors")))
        // Against other samples: twice the standard error of a mean of 4,096 is under 0.05 of a deviation.
        var random = NumPyRandomState(seed: 9)
        let z = try Tensor(random.gaussians(4096 * 24), shape: [4096, 24])
        let w = try generator.mapping(z)
        for i in 0..<24 {
            let values = (0..<4096).map { Double(w[$0 * 24 + i]) }
            let mean = values.reduce(0, +) / 4096
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4096
            #expect(abs(Double(generator.mapping.meanLatent[i]) - mean) < 0.1 * variance.squareRoot())
        }
    }

    @Test func aClassConditionalGeneratorDrawsTheClassAskedFor() throws {
        let checkpoint = try Self.open("conditional.safetensors")
        let expected = try Self.open("conditional-expected.safetensors")
        let generator = try Generator(checkpoint: checkpoint, classIndex: 2)
        #expect(generator.configuration.classCount == 3 && generator.configuration.zDimension == 20)
        try expectPublishedPictures(generator, expected, truncation: Truncation(psi: 0.7, cutoff: 4))

        let other = try Generator(checkpoint: checkpoint, classIndex: 0)
            .latents(z: expected.tensor("z"), truncation: .none)
        #expect(distance(other, try expected.tensor("latents")) > 0.1)
    }

    @Test func aClassIsAskedForWhereItIsNeededAndOnlyThere() throws {
        let checkpoint = try Self.open("conditional.safetensors")
        for classIndex in [nil, -1, 3] {
            #expect {
                _ = try Generator(checkpoint: checkpoint, classIndex: classIndex).configuration
            } throws: { "\($0)".contains("--class chooses one from 0 to 2") }
        }
        #expect {
            _ = try Generator(checkpoint: Self.open("rosinality.pt"), classIndex: 0).configuration
        } throws: { "\($0)".contains("draws no classes") }
    }

    @Test func aTallGeneratorDrawsTallPictures() throws {
        let generator = try Generator(checkpoint: Self.open("tall.safetensors"))
        #expect(generator.configuration.resolution == 32 && generator.configuration.width == 16)
        try expectPublishedPictures(
            generator, Self.open("tall-expected.safetensors"), truncation: Truncation(psi: 0.7, cutoff: 4))
    }

    @Test func perturbingATallPictureIsRunningTheWholeNetwork() throws {
        Threads.limit(to: 1)
        let generator = try Generator(checkpoint: Self.open("tall.safetensors"))
        let styles = try generator.styles(
            z: Self.open("tall-expected.safetensors").tensor("z"), truncation: Truncation())
        let count = generator.styleSpace.count
        var style = Tensor(Array(styles.values.prefix(count)))
        let synthesis = try Synthesis(generator, batch: 2)
        try synthesis.keep(styles: style)
        var images = Tensor(zeros: [2, 3, 32, 16])
        for (index, layer) in synthesis.sweptLayers.enumerated() {
            try synthesis.perturbed(layer: index, changes: [StyleChange(channel: 1, value: 2)], into: &images)
            let position = layer.range.lowerBound + 1
            let old = style[position]
            style[position] = 2
            let whole = try synthesis.images(styles: style.reshaped(to: [1, count]))
            style[position] = old
            let size = 3 * 32 * 16
            let difference =
                zip(whole.values, images.values.prefix(size)).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference < tolerance, "\(layer.name)")
        }
    }

    @Test func everyMissingTensorIsNamedAsTheFileNamesIt() throws {
        let whole = try Self.open("rosinality.pt")
        let folder = try TemporaryFolder()
        let needed = whole.names.filter {
            !$0.hasSuffix("kernel") && $0 != "latent_avg" && !$0.contains("noises.")
        }
        for missing in needed {
            // Without the marks of the layout, nobody can say what is missing from it.
            if missing.hasSuffix("input.input") || missing == "g_ema.conv1.conv.weight" { continue }
            var tensors: [String: Tensor] = [:]
            for name in whole.names where name != missing { tensors[name] = try whole.tensor(name) }
            try SafetensorsFile.write(tensors, path: folder.file("g.safetensors"))
            #expect("\(missing)") {
                _ = try Generator(checkpoint: .open(path: folder.file("g.safetensors"))).configuration
            } throws: {
                "\($0)".contains(missing) || "\($0)".contains("mapping network") || "\($0)".contains("toRGB")
            }
        }
    }

    @Test func aGeneratorOfLargerPicturesIsRefusedInsteadOfCutOff() throws {
        let whole = try Self.open("tall.safetensors")
        let folder = try TemporaryFolder()
        var tensors: [String: Tensor] = [:]
        for name in whole.names { tensors[name] = try whole.tensor(name) }
        tensors["synthesis.b2048.conv1.weight"] = Tensor(zeros: [4, 4, 3, 3])
        try SafetensorsFile.write(tensors, path: folder.file("g.safetensors"))
        #expect {
            _ = try Generator(checkpoint: .open(path: folder.file("g.safetensors"))).configuration
        } throws: { "\($0)".contains("2048") }
    }

    @Test func anotherFilterBetweenResolutionsIsRefused() throws {
        let whole = try Self.open("rosinality.pt")
        let folder = try TemporaryFolder()
        var tensors: [String: Tensor] = [:]
        for name in whole.names { tensors[name] = try whole.tensor(name) }
        tensors["g_ema.convs.0.conv.blur.kernel"] = try Tensor(
            [Float](repeating: 0.25, count: 16), shape: [4, 4])
        try SafetensorsFile.write(tensors, path: folder.file("g.safetensors"))
        #expect {
            _ = try Generator(checkpoint: .open(path: folder.file("g.safetensors"))).configuration
        } throws: { "\($0)".contains("blur.kernel") }
    }

    @Test(arguments: [
        (["synthesis.input.weight", "synthesis.input.freqs"], "StyleGAN3"),
        (["b4.out.weight", "b4.conv.weight"], "discriminator"),
        (["d.final_conv.0.weight", "d.final_linear.0.weight"], "discriminator"),
        (["model.diffusion_model.time_embed.0.weight"], "diffusion"),
        (["unet.time_embedding.linear_1.weight"], "diffusion"),
        (["visual.class_embedding", "text_projection"], "--clip"),
        (["body.0.res_layer.1.weight", "input_layer.0.weight"], "face recognition"),
        (["weight"], "no network that is known"),
    ]) func anotherKindOfFileIsNamedAsWhatItIs(names: [String], what: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("other.safetensors")
        try SafetensorsFile.write(
            Dictionary(uniqueKeysWithValues: names.map { ($0, Tensor([1])) }), path: path)
        #expect { _ = try Generator(checkpoint: .open(path: path)).configuration } throws: {
            "\($0)".contains(what)
        }
    }
}
