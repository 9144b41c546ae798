import Checkpoints
import Editing
import StyleGAN
import Tensors
import TestSupport
import Testing

@Suite struct DirectionRendererTests {
    private let generator: Generator

    init() throws {
        let folder = try TemporaryFolder()
        try TinyModels.writeGenerator(path: folder.file("generator.safetensors"))
        generator = try Generator(checkpoint: Checkpoint.open(path: folder.file("generator.safetensors")))
    }

    @Test func everyCodeIsMovedByEveryStrength() throws {
        let styles = try Tensor([1, 2, 3, 4], shape: [2, 2])
        let moved = try DirectionRenderer.moved(styles, along: [10, 0.5], strengths: [-1, 0, 2])
        #expect(moved.shape == [6, 2])
        #expect(moved.values == [-9, 1.5, 1, 2, 21, 3, -7, 3.5, 3, 4, 23, 5])
    }

    @Test func aDirectionOfAnotherGeneratorIsRefused() throws {
        #expect(throws: ShapeError.self) {
            try DirectionRenderer.moved(Tensor(zeros: [2, 5]), along: [1, 2], strengths: [1])
        }
        #expect(throws: (any Error).self) {
            try DirectionRenderer(generator).images(styles: Tensor(zeros: [1, 3]))
        }
    }

    @Test func picturesDoNotDependOnTheBatch() throws {
        let alone = try DirectionRenderer(generator, batch: 1)
        let together = try DirectionRenderer(generator, batch: 3)
        let styles = try alone.styles(images: 0..<5, seed: 4, truncation: Truncation())
        let (left, right) = (try alone.images(styles: styles), try together.images(styles: styles))
        #expect(left.shape == [5, 3, 16, 16])
        #expect(left == right)
    }

    @Test func noStrengthLeavesThePictureAsItIs() throws {
        let renderer = try DirectionRenderer(generator, batch: 2)
        let styles = try renderer.styles(images: 3..<4, seed: 4, truncation: .none)
        let change = (0..<generator.styleSpace.count).map { Float($0 % 3) }
        let moved = try DirectionRenderer.moved(styles, along: change, strengths: [0, 1])
        let images = try renderer.images(styles: moved)
        let size = images.count / 2
        #expect(Array(images.values[..<size]) == (try renderer.images(styles: styles)).values)
        #expect(Array(images.values[size...]) != Array(images.values[..<size]))
    }

    @Test func aSeedsImagesAreTheSameWhereverOneBegins() throws {
        let renderer = try DirectionRenderer(generator)
        let all = try renderer.styles(images: 0..<4, seed: 9, truncation: Truncation())
        let last = try renderer.styles(images: 3..<4, seed: 9, truncation: Truncation())
        #expect(last.values == all.values.suffix(last.count))
    }

    @Test func aFaceThatIsNotThereIsRefused() throws {
        let renderer = try DirectionRenderer(generator)
        let codes = try renderer.styles(images: 0..<2, seed: 9, truncation: Truncation())
        #expect(
            try renderer.style(ofFace: 1, from: .styles(codes)).values == codes.values.suffix(codes.shape[1]))
        for source in [FaceSource.styles(codes), .styles(try Tensor([1, 2], shape: [2]))] {
            #expect(throws: ShapeError.self) { try renderer.style(ofFace: 2, from: source) }
        }
    }
}
