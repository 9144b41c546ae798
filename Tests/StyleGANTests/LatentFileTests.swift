import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

@Suite struct LatentFileTests {
    private let folder: TemporaryFolder
    private let generator: Generator
    /// w of three samples, `[3, 8]`, and their styles.
    private let w: Tensor
    private let styles: Tensor

    init() throws {
        folder = try TemporaryFolder()
        try TinyModels.writeGenerator(path: folder.file("generator.safetensors"))
        generator = try Generator(checkpoint: .open(path: folder.file("generator.safetensors")))
        var random = NumPyRandomState(seed: 2)
        let z = try Tensor(random.gaussians(24), shape: [3, 8])
        w = try generator.mapping(z)
        styles = try generator.styles(z: z, truncation: .none)
    }

    private func read(_ name: String) throws -> Tensor {
        try LatentFile.styles(path: folder.file(name), for: generator)
    }

    @Test func everyShapeOfLatentsGivesTheSameStyles() throws {
        let wPlus = try Tensor(
            (0..<3).flatMap { row in (0..<6).flatMap { _ in w.values[row * 8..<row * 8 + 8] } },
            shape: [3, 6, 8])
        for (name, tensor) in [
            ("w.npy", w), ("w3.npy", try w.reshaped(to: [3, 1, 8])), ("w_plus.npy", wPlus), ("s.npy", styles),
        ] {
            try NumPyFile.write(tensor, path: folder.file(name))
            #expect(try read(name) == styles, "\(name)")
        }
        // Of one sample, with and without an axis for it.
        let first = Array(styles.values.prefix(generator.styleSpace.count))
        for (name, tensor) in [
            ("one_w.npy", Tensor(Array(w.values.prefix(8)))),
            ("one_w_plus.npy", try Tensor(wPlus.values.prefix(48), shape: [6, 8])),
            ("one_s.npy", Tensor(first)),
        ] {
            try NumPyFile.write(tensor, path: folder.file(name))
            #expect(try read(name).values == first, "\(name)")
        }
        try NumPyArchive.write(
            [("w", .tensor(wPlus))], path: folder.file("projected_w.npz"))
        #expect(try read("projected_w.npz") == styles)
    }

    @Test func stylesLayerByLayerAreRead() throws {
        let columns = try generator.styleSpace.layers.map { layer in
            let count = generator.styleSpace.count
            return try Tensor(
                (0..<3).flatMap { row in
                    styles.values[row * count + layer.range.lowerBound..<row * count + layer.range.upperBound]
                }, shape: [3, layer.channels])
        }
        try NumPyArchive.write(
            zip(generator.styleSpace.layers, columns).map { ($0.name, .tensor($1)) },
            path: folder.file("s.npz"))
        #expect(try read("s.npz") == styles)
    }

    @Test func severalLatentsOfOneFileFollowOneAnother() throws {
        var values: [(name: String, value: NumPyArchive.Value)] = []
        for face in 0..<3 {
            let latent = Tensor(Array(w.values[face * 8..<face * 8 + 8]))
            values.append(("face\(face).latent", .tensor(latent)))
        }
        values.append(("face0.img", .tensor(Tensor(zeros: [3, 4, 4]))))
        try NumPyArchive.write(values, path: folder.file("project.npz"))
        #expect(try read("project.npz") == styles)
    }

    @Test func whatFitsNoLatentIsRefusedWithTheShapesThatWould() throws {
        for shape in [[3, 9], [3, 5, 8], [7], [2, 3, 6, 8]] as [Shape] {
            try NumPyFile.write(Tensor(zeros: shape), path: folder.file("other.npy"))
            #expect { try read("other.npy") } throws: {
                "\($0)".contains("[N, 6, 8]") && "\($0)".contains("\(shape)")
            }
        }
        var broken = w
        broken[5] = .nan
        try NumPyFile.write(broken, path: folder.file("nan.npy"))
        #expect { try read("nan.npy") } throws: { "\($0)".contains("not finite at") }
    }

    @Test func aDirectionIsNotTakenForAFace() throws {
        var values = try generator.styleSpace.layers.map {
            layer -> (name: String, value: NumPyArchive.Value) in
            (layer.name, .tensor(Tensor(zeros: try Shape([layer.channels]))))
        }
        try NumPyArchive.write(values, path: folder.file("s.npz"))
        #expect(try read("s.npz").shape == [1, generator.styleSpace.count])
        values.append(("manifest", .text("{}")))
        try NumPyArchive.write(values, path: folder.file("tiger.npz"))
        #expect { try read("tiger.npz") } throws: { "\($0)".contains("holds a direction") }
    }

    @Test(.enabled(if: Conformance.isPresent)) func publishedLatentsAreOfAnotherGenerator() throws {
        #expect {
            try LatentFile.styles(path: Conformance.path("styleclip/w_plus.npy"), for: generator)
        } throws: { "\($0)".contains("[68, 18, 512]") }
    }
}
