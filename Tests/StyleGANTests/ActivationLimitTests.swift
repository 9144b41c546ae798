import Checkpoints
import Foundation
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

/// `conv_clamp` of NVIDIA's ADA models, against stylegan2-ada-pytorch: a pickle of random weights in which between 3 % and
/// 30 % of what each layer gives are held at ±0.75 (`Tools/Fixtures/make_generators.py`).
@Suite struct ActivationLimitTests {
    private static func open(_ name: String) throws -> Checkpoint {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try Checkpoint.open(path: folder.appendingPathComponent("Fixtures/\(name)").path)
    }

    private let generator: Generator
    private let expected: Checkpoint

    init() throws {
        Threads.limit(to: 1)
        generator = try Generator(checkpoint: Self.open("clamped.pkl"))
        expected = try Self.open("clamped-expected.safetensors")
    }

    /// Rows of s that the public code keeps layer by layer, `[N, C]` each.
    private func joined(_ prefix: String) throws -> Tensor {
        let count = generator.styleSpace.count
        var result = Tensor(zeros: [2, count])
        for layer in generator.styleSpace.layers {
            let part = try expected.tensor(prefix + layer.name)
            for row in 0..<2 {
                for (i, position) in layer.range.enumerated() {
                    result[row * count + position] = part[row * layer.channels + i]
                }
            }
        }
        return result
    }

    /// Sums of a few hundred float32 products through five layers, as in `SynthesisTests`; of pictures of unit scale.
    private let tolerance: Float = 2e-5

    @Test func everyLayersLimitIsRead() throws {
        let layers = generator.synthesis.layers
        #expect(layers.allSatisfy { $0.limit == 0.75 })
        #expect(layers.compactMap(\.picture).allSatisfy { $0.limit == 0.75 })
    }

    @Test func picturesAreThePublishedOnes() throws {
        let styles = try generator.styles(
            z: expected.tensor("z"), truncation: Truncation(psi: 0.7, cutoff: 4))
        #expect(distance(styles, try joined("styles.")) < 1e-5)
        let images = try Synthesis(generator, batch: 2).images(styles: styles)
        #expect(distance(images, try expected.tensor("image")) < tolerance)
    }

    @Test func perturbingALayerIsRunningTheWholeNetworkWithThatStyle() throws {
        let styles = try joined("styles.")
        let count = generator.styleSpace.count
        var style = Tensor(Array(styles.values.prefix(count)))
        let synthesis = try Synthesis(generator, batch: 2)
        try synthesis.keep(styles: style)
        var images = Tensor(zeros: [2, 3, 16, 16])
        for (index, layer) in synthesis.sweptLayers.enumerated() {
            try synthesis.perturbed(layer: index, changes: [StyleChange(channel: 2, value: 3)], into: &images)
            let position = layer.range.lowerBound + 2
            let old = style[position]
            style[position] = 3
            let whole = try synthesis.images(styles: style.reshaped(to: [1, count]))
            style[position] = old
            #expect(
                zip(whole.values, images.values).allSatisfy { abs($0 - $1) < tolerance }, "\(layer.name)")
        }
    }

    @Test func gradientsAreAutogradsOnes() throws {
        let count = generator.styleSpace.count
        let (styles, along) = (try joined("styles."), try expected.tensor("along"))
        let published = try joined("gradient.")
        let kept = try KeptSynthesis(generator, batch: 2)
        let gradient = try SynthesisGradient(of: kept)
        for row in 0..<2 {
            let picture = try kept.keep(
                styles: Tensor(Array(styles.values[row * count..<(row + 1) * count])))
            let size = picture.count
            #expect(
                zip(picture.values, try expected.tensor("image").values[(row * size)...])
                    .allSatisfy { abs($0 - $1) < tolerance })
            var found = Tensor(zeros: [2, count])
            // Both pictures' directions go back through this one; only its own has a published gradient.
            try found.withUnsafeMutableValues { (found) throws(GeneratorError) in
                try gradient(pictures: along, count: 2, into: found)
            }
            let own = found.values[row * count..<(row + 1) * count]
            let wanted = published.values[row * count..<(row + 1) * count]
            let scale = (wanted.reduce(0) { $0 + $1 * $1 } / Float(count)).squareRoot()
            // Sums over 256 pixels of what stood within a rounding of its limit on either side.
            #expect(zip(own, wanted).allSatisfy { abs($0 - $1) < 1e-4 * scale })
        }
    }

    @Test func aLimitThatIsNoPositiveNumberIsRefused() throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: Self.open("clamped.pkl").path))
        // The attribute of the first layer that has it: its name, a place in the memory, then a float's eight bytes.
        let name = try #require(bytes.range(of: Data("conv_clamp".utf8)))
        let mark = try #require(bytes[name.upperBound...].firstIndex(of: UInt8(ascii: "G")))
        let folder = try TemporaryFolder()
        for value in [-0.75, 0, .nan, .infinity, 1e300] {
            let big = withUnsafeBytes(of: value.bitPattern.bigEndian) { Data($0) }
            bytes.replaceSubrange(mark + 1..<mark + 9, with: big)
            try bytes.write(to: URL(fileURLWithPath: folder.file("g.pkl")))
            #expect("\(value)") {
                _ = try Generator(checkpoint: .open(path: folder.file("g.pkl"))).configuration
            } throws: { "\($0)".contains("conv_clamp") }
        }
    }
}
