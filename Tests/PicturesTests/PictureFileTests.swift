import Foundation
import TestSupport
import Testing

@testable import Pictures

@Suite struct PictureFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A picture in which no two rows, columns or planes are alike.
    private func gradient(width: Int, height: Int) throws -> Picture {
        var picture = try Picture(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                picture[x, y] = Colour(
                    red: UInt8(x * 255 / width), green: UInt8(y * 255 / height),
                    blue: UInt8((x + 2 * y) % 256))
            }
        }
        return picture
    }

    @Test(arguments: [(1, 1), (3, 7), (64, 64), (131, 5)])
    func pngGivesBackEveryByte(width: Int, height: Int) throws {
        let picture = try gradient(width: width, height: height)
        try picture.write(path: folder.file("a.png"))
        #expect(try Picture.read(path: folder.file("a.png")) == picture)
    }

    @Test func noiseTooGrowsNoLargerThanItsRoom() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<300 * 200 * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
        let picture = try Picture(width: 300, height: 200, pixels: bytes)
        try picture.write(path: folder.file("noise.png"))
        #expect(try Picture.read(path: folder.file("noise.png")) == picture)
    }

    @Test(arguments: [(8, 8), (33, 17), (64, 64)])
    func jpegComesNear(width: Int, height: Int) throws {
        var picture = try Picture(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                picture[x, y] = Colour(red: UInt8(100 + x), green: UInt8(100 + y), blue: 120)
            }
        }
        try picture.write(path: folder.file("a.jpg"))
        let read = try Picture.read(path: folder.file("a.jpg"))
        #expect(read.width == width && read.height == height)
        let largest = zip(read.pixels, picture.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
        // Quality 95 on a smooth picture: a few steps of quantisation.
        #expect(largest <= 6)
    }

    private struct Pixels: Decodable {
        let width, height: Int
        let pixels: [UInt8]
    }

    /// The pictures that `Tools/Fixtures/make_pictures.py` made.
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    private static func fixture(_ name: String) -> String { fixtures.appendingPathComponent(name).path }

    @Test(arguments: [
        "interlaced.png", "palette.png", "grey.png", "grey16.png", "colour16.png", "transparent.png",
        "grey.jpg",
        "stray.jpg",
    ])
    func everySortOfPictureHasTheseColours(name: String) throws {
        let all = try JSONDecoder().decode(
            [String: Pixels].self, from: Data(contentsOf: URL(fileURLWithPath: Self.fixture("pixels.json"))))
        let expected = try #require(all[name])
        let read = try Picture.read(path: Self.fixture(name))
        #expect(read.width == expected.width && read.height == expected.height)
        let largest = zip(read.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
        // Libraries round JPEG's transform each in their way; libpng's tables for linear light are coarse.
        #expect(largest <= (name == "transparent.png" ? 3 : name.hasSuffix(".jpg") ? 1 : 0))
    }

    @Test func aPictureInCMYKIsRefusedForWhatItIs() {
        #expect {
            try Picture.read(path: Self.fixture("cmyk.jpg"))
        } throws: { "\($0)".hasSuffix("cmyk.jpg: a JPEG in CMYK; save it as RGB") }
    }

    /// Of several warnings the library tells the first: the stray byte, not the end that comes early.
    @Test func aFileWithAStrayByteThatEndsEarlyIsRefused() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: Self.fixture("stray.jpg")))
        for length in [whole.count - 3, whole.count - 60] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: folder.file("cut.jpg")))
            #expect(throws: PictureError.self) { try Picture.read(path: folder.file("cut.jpg")) }
        }
    }

    @Test func aSideTooLongForJPEGIsSaidSo() throws {
        let long = try Picture(width: 65_501, height: 1)
        #expect { try long.write(path: folder.file("long.jpg")) } throws: {
            guard case PictureError.uncreatable = $0 else { return false }
            return "\($0)".contains("at most 65,500 pixels")
        }
        try long.write(path: folder.file("long.png"))
        #expect(try Picture.read(path: folder.file("long.png")) == long)
        try Picture(width: 65_500, height: 1).write(path: folder.file("long.jpg"))
    }

    @Test(arguments: ["a.png", "a.jpg"])
    func aFileCutShortAnywhereIsRefused(name: String) throws {
        try gradient(width: 20, height: 20).write(path: folder.file(name))
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
        // PNG's end mark and JPEG's last two bytes hold no picture; all before them does.
        for length in stride(from: 1, to: whole.count - 16, by: 7) {
            try whole.prefix(length).write(to: URL(fileURLWithPath: folder.file("cut")))
            #expect(throws: PictureError.self) { try Picture.read(path: folder.file("cut")) }
        }
    }

    @Test func bytesThatAreNoPictureAreRefused() throws {
        for bytes in [
            [UInt8]("GIF89a".utf8), [0xff], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0],
        ] {
            try Data(bytes).write(to: URL(fileURLWithPath: folder.file("x")))
            #expect(throws: PictureError.self) { try Picture.read(path: folder.file("x")) }
        }
        try Data().write(to: URL(fileURLWithPath: folder.file("empty")))
        #expect(throws: PictureError.file(path: folder.file("empty"), reason: "the file is empty")) {
            try Picture.read(path: folder.file("empty"))
        }
        #expect(throws: PictureError.missing(path: folder.file("none"))) {
            try Picture.read(path: folder.file("none"))
        }
        #expect(throws: PictureError.file(path: folder.path, reason: "is a folder; a picture is needed")) {
            try Picture.read(path: folder.path)
        }
    }

    @Test func aPictureThatClaimsToBeHugeTakesNoMemory() throws {
        try gradient(width: 4, height: 4).write(path: folder.file("a.png"))
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("a.png"))))
        // Width and height stand in the header's first 8 bytes; the header's checksum then follows 5 bytes later.
        bytes.replaceSubrange(16..<24, with: [0x00, 0x0f, 0x42, 0x40, 0x00, 0x0f, 0x42, 0x40])
        let sum = Self.checksum(bytes[12..<29])
        bytes.replaceSubrange(29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) })
        try Data(bytes).write(to: URL(fileURLWithPath: folder.file("huge.png")))
        #expect(throws: PictureError.self) { try Picture.read(path: folder.file("huge.png")) }
    }

    @Test func anEndingThatIsNoFormatIsRefusedAndNothingIsWritten() throws {
        let picture = try gradient(width: 2, height: 2)
        #expect(throws: PictureError.unrecognised(path: folder.file("a.gif"))) {
            try picture.write(path: folder.file("a.gif"))
        }
        #expect(throws: PictureError.self) { try picture.write(path: folder.file("none/a.png")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// CRC-32 of PNG's chunks.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
