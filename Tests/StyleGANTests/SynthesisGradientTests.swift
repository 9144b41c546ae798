import Checkpoints
import Foundation
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

/// Against central differences of the forward networks, on channels that do not fill their blocks.
@Suite struct SynthesisGradientTests {
    private func generator(channels: Int) throws -> Generator {
        let folder = try TemporaryFolder()
        let path = folder.file("generator.safetensors")
        try TinyModels.writeGenerator(path: path, channels: channels)
        return try Generator(checkpoint: .open(path: path))
    }

    /// Every layer's styles' gradients beside central differences, coordinate by coordinate: of a layer the median error in
    /// parts of its gradients' root mean square, at its best of some steps; of the layers the largest.
    ///
    /// The median, for a step that takes an activation round its corner spoils some coordinates; a wrong gradient is wrong in
    /// most. What autograd says of whole networks is compared to a few parts in 10⁵.
    private func error(
        _ generator: Generator, at styles: [Float], outputGradient: [Float], gradient: [Float],
        resolution: Int? = nil
    ) throws -> Double {
        let synthesis = try Synthesis(generator, batch: 2, resolution: resolution)
        let layers = generator.styleSpace.layers.filter { $0.resolution <= resolution ?? .max }
        var best = [Double](repeating: .infinity, count: layers.count)
        for step in [1.0 / 1024, 1.0 / 4096, 1.0 / 16384] as [Float] {
            let differences = try styles.indices.map { position -> Double in
                var pair = styles + styles
                pair[position] += step
                pair[styles.count + position] -= step
                let pictures = try synthesis.images(styles: Tensor(pair, shape: Shape([2, styles.count])))
                    .values
                let size = outputGradient.count
                return
                    (CentralDifferences.dot(outputGradient, Array(pictures[..<size]))
                    - CentralDifferences.dot(outputGradient, Array(pictures[size...]))) / (2 * Double(step))
            }
            for (place, layer) in layers.enumerated() {
                let size =
                    (layer.range.reduce(0) { $0 + differences[$1] * differences[$1] }
                    / Double(layer.channels)).squareRoot()
                let errors = layer.range.map { abs(differences[$0] - Double(gradient[$0])) }.sorted()
                best[place] = min(best[place], errors[errors.count / 2] / size)
            }
        }
        return best.max() ?? .infinity
    }

    @Test(arguments: [5, 16, 21]) func stylesGradientsAreTheirDifferences(channels: Int) throws {
        Threads.limit(to: 1)
        let generator = try generator(channels: channels)
        let count = generator.styleSpace.count
        var random = NumPyRandomState(seed: 31)
        let styles = random.gaussians(count).map { 1 + $0 / 2 }
        let side = generator.configuration.resolution
        let pictures = try Tensor(random.gaussians(3 * 3 * side * side), shape: Shape([3, 3, side, side]))
        let kept = try KeptSynthesis(generator, batch: 3)
        let gradient = try SynthesisGradient(of: kept)
        let synthesis = try Synthesis(generator, batch: 1)
        let picture = try kept.keep(styles: Tensor(styles))
        #expect(
            try distance(picture, synthesis.images(styles: Tensor(styles, shape: Shape([1, count])))) < 1e-5)
        var found = Tensor(zeros: try Shape([3, count]))
        try found.withUnsafeMutableValues { (found) throws(GeneratorError) in
            try gradient(pictures: pictures, count: 3, into: found)
        }
        let size = pictures.count / 3
        for row in 0..<3 {
            let error = try error(
                generator, at: styles,
                outputGradient: Array(pictures.values[row * size..<(row + 1) * size]),
                gradient: Array(found.values[row * count..<(row + 1) * count]))
            #expect(error < 1e-2)
        }
    }

    /// StyleGAN-Human's tall shape, and a class-conditional generator, whose class goes into its latents.
    @Test(arguments: [("tall", nil), ("conditional", 2), ("rosinality", nil)] as [(String, Int?)])
    func otherGeneratorsHaveTheirGradientsToo(name: String, classIndex: Int?) throws {
        Threads.limit(to: 1)
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures").path
        let file = name == "rosinality" ? "/rosinality.pt" : "/\(name).safetensors"
        let generator = try Generator(checkpoint: .open(path: folder + file), classIndex: classIndex)
        let depth = generator.configuration.zDimension
        var random = NumPyRandomState(seed: 33)
        let z = try Tensor(random.gaussians(depth), shape: [1, depth])
        let (styles, truncation) = (try generator.styles(z: z, truncation: Truncation()), Truncation())
        let kept = try KeptSynthesis(generator, batch: 1)
        let picture = try kept.keep(styles: styles)
        let outputGradient = random.gaussians(picture.count)
        let pictures = try Tensor(outputGradient, shape: picture.shape)
        var found = Tensor(zeros: styles.shape)
        let gradient = try SynthesisGradient(of: kept)
        try found.withUnsafeMutableValues { (found) throws(GeneratorError) in
            try gradient(
                pictures: pictures, count: 1, into: found)
        }
        // Large weights: many activations are near their corner. A map taken for another's shape would be all wrong.
        #expect(
            try error(
                generator, at: styles.values, outputGradient: outputGradient, gradient: found.values) < 5e-2)
        let latents = try generator.styleSpace.latentGradients(found)
        let w = try generator.gradients(ofLatents: latents, truncation: truncation)
        #expect(
            try CentralDifferences.error(
                at: z.values, outputGradient: found.values,
                gradient: generator.mapping.gradients(of: z, w: w).values, step: 1 / 256
            ) { try generator.styles(z: Tensor($0, shape: z.shape), truncation: truncation).values } < 2e-3)
    }

    /// A picture that synthesis makes on its way has gradients of the layers up to it, and of no other.
    @Test func smallerPicturesGradientsAreTheirDifferences() throws {
        Threads.limit(to: 1)
        let generator = try generator(channels: 9)
        let count = generator.styleSpace.count
        var random = NumPyRandomState(seed: 34)
        let styles = random.gaussians(count).map { 1 + $0 / 2 }
        let kept = try KeptSynthesis(generator, batch: 1, resolution: 8)
        let picture = try kept.keep(styles: Tensor(styles))
        let outputGradient = random.gaussians(picture.count)
        let pictures = try Tensor(outputGradient, shape: picture.shape)
        var found = [Float](repeating: 7, count: count)
        let gradient = try SynthesisGradient(of: kept)
        try found.withUnsafeMutableBufferPointer { (found) throws(GeneratorError) in
            try gradient(
                pictures: pictures, count: 1, into: found)
        }
        #expect(
            try error(
                generator, at: styles, outputGradient: outputGradient, gradient: found, resolution: 8) < 1e-2)
        for layer in generator.styleSpace.layers where layer.resolution > 8 {
            #expect(found[layer.range].allSatisfy { $0 == 0 })
        }
    }

    @Test func latentsGradientsAreTheirDifferences() throws {
        let generator = try generator(channels: 6)
        var random = NumPyRandomState(seed: 32)
        let configuration = generator.configuration
        let z = random.gaussians(configuration.zDimension)
        let shape = try Shape([1, configuration.zDimension])
        let truncation = Truncation(psi: 0.6, cutoff: 3)
        let gradients = random.gaussians(generator.styleSpace.count)
        let latents = try generator.styleSpace.latentGradients(
            Tensor(gradients, shape: Shape([1, gradients.count])))
        let w = try generator.gradients(ofLatents: latents, truncation: truncation)
        let found = try generator.mapping.gradients(of: Tensor(z, shape: shape), w: w)
        let plus = try generator.latents(z: Tensor(z, shape: shape), truncation: truncation)
        // s is linear in w+.
        #expect(
            try CentralDifferences.error(
                at: plus.values, outputGradient: gradients, gradient: latents.values, step: 1
            ) { try generator.styleSpace.styles(Tensor($0, shape: plus.shape)).values } < 1e-5)
        #expect(
            try CentralDifferences.error(
                at: z, outputGradient: gradients, gradient: found.values, step: 1 / 256
            ) { try generator.styles(z: Tensor($0, shape: shape), truncation: truncation).values } < 2e-3)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let generator = try generator(channels: 4)
        let count = generator.styleSpace.count
        #expect(throws: GeneratorError.self) { try KeptSynthesis(generator, batch: 0) }
        #expect(throws: GeneratorError.self) { try KeptSynthesis(generator, batch: 1, resolution: 32) }
        let kept = try KeptSynthesis(generator, batch: 2)
        let gradient = try SynthesisGradient(of: kept)
        var found = [Float](repeating: 0, count: 2 * count)
        func run(_ pictures: Tensor, count: Int, rows: Int) throws {
            try found.withUnsafeMutableBufferPointer {
                try gradient(
                    pictures: pictures, count: count,
                    into: UnsafeMutableBufferPointer(rebasing: $0[..<(rows * generator.styleSpace.count)]))
            }
        }
        let pictures = Tensor(zeros: [2, 3, 16, 16])
        #expect(throws: GeneratorError.self) { try run(pictures, count: 1, rows: 1) }  // nothing kept yet
        #expect(throws: GeneratorError.self) { _ = try kept.keep(styles: Tensor([1])) }
        _ = try kept.keep(styles: Tensor([Float](repeating: 1, count: count)))
        try run(pictures, count: 1, rows: 1)
        #expect(throws: GeneratorError.self) { try run(pictures, count: 0, rows: 0) }
        #expect(throws: GeneratorError.self) { try run(pictures, count: 3, rows: 2) }
        #expect(throws: GeneratorError.self) { try run(pictures, count: 2, rows: 1) }
        #expect(throws: GeneratorError.self) { try run(Tensor(zeros: [2, 3, 8, 8]), count: 1, rows: 1) }
        #expect(throws: GeneratorError.self) { try generator.styleSpace.latentGradients(Tensor([1])) }
        #expect(throws: GeneratorError.self) {
            try generator.mapping.gradients(of: Tensor(zeros: [1, 8]), w: Tensor(zeros: [2, 8]))
        }
    }
}
