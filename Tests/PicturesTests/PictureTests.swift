import Tensors
import Testing

@testable import Pictures

@Suite struct PictureTests {
    @Test func imagesAreRoundedAndClamped() throws {
        let image = try Tensor([-1, 1, 0, -2, 5, .nan], shape: [3, 1, 2])
        let picture = try Picture(image)
        #expect(picture.width == 2 && picture.height == 1)
        // 127.5 rounds away from zero.
        #expect(picture[0, 0] == Colour(red: 0, green: 128, blue: 255))
        #expect(picture[1, 0] == Colour(red: 255, green: 0, blue: 0))
    }

    @Test func everyByteSurvivesTheWayThroughAnImage() throws {
        let picture = try Picture(width: 16, height: 16, pixels: (0..<768).map { UInt8($0 % 256) })
        #expect(try Picture(picture.image()) == picture)
    }

    @Test func aBatchIsSplitIntoItsImages() throws {
        let first = try Picture(width: 3, height: 2, colour: Colour(red: 1, green: 2, blue: 3))
        let second = try Picture(width: 3, height: 2, colour: Colour(red: 9, green: 8, blue: 7))
        let batch = try Tensor(first.image().values + second.image().values, shape: [2, 3, 2, 3])
        #expect(try Picture.pictures(batch) == [first, second])
    }

    @Test(arguments: [[3, 4], [1, 4, 4], [4, 3, 3, 3]] as [[Int]])
    func otherShapesAreNoImages(dimensions: [Int]) throws {
        let shape = try Shape(dimensions)
        #expect(throws: PictureError.tensor(shape: shape)) { try Picture(Tensor(zeros: shape)) }
    }

    @Test func sizesThatNoPictureHasAreRefused() {
        for (width, height) in [(0, 4), (4, -1), (Int.max, Int.max), (1 << 20, 1 << 20)] {
            #expect(throws: PictureError.size(width: width, height: height)) {
                try Picture(width: width, height: height)
            }
        }
        #expect(throws: PictureError.count(found: 4, expected: 12)) {
            try Picture(width: 2, height: 2, pixels: [1, 2, 3, 4])
        }
    }

    @Test(arguments: [Picture.Interpolation.nearest, .bicubic])
    func aPlainColourStaysItWhenEnlarged(interpolation: Picture.Interpolation) throws {
        let colour = Colour(red: 10, green: 200, blue: 77)
        let large = try Picture(width: 3, height: 5, colour: colour).enlarged(by: 4, interpolation)
        #expect(try large == Picture(width: 12, height: 20, colour: colour))
    }

    @Test func nearestRepeatsPixels() throws {
        let small = try Picture(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
        let large = try small.enlarged(by: 2, .nearest)
        #expect(large.pixels == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    }

    @Test func bicubicKeepsASlopeStraight() throws {
        var small = try Picture(width: 12, height: 4)
        for y in 0..<4 { for x in 0..<12 { small[x, y] = Colour(grey: UInt8(20 * x)) } }
        let large = try small.enlarged(by: 3)
        // Between the edges' repeated pixels, a cubic spline goes through a straight line exactly.
        for x in 6..<30 {
            let expected = 20 * ((Float(x) + 0.5) / 3 - 0.5)
            #expect(abs(Float(large[x, 6].red) - expected) <= 0.51)
        }
    }
}
