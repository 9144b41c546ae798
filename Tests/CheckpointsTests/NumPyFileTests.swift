import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct NumPyFileTests {
    static func bytes(_ header: String, _ data: [UInt8]) -> [UInt8] {
        NumPyHeader.magic + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + data
    }

    static func header(_ type: String, _ shape: String, fortran: Bool = false) -> String {
        "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(shape)), }\n"
    }

    private func read(_ header: String, _ data: [UInt8]) throws -> Tensor {
        try checkpoint(Self.bytes(header, data)).tensor(NumPyFile.name)
    }

    @Test func bothByteOrdersAreRead() throws {
        #expect(try read(Self.header("<i2", "2,"), [1, 0, 0, 1]).values == [1, 256])
        #expect(try read(Self.header(">i2", "2,"), [1, 0, 0, 1]).values == [256, 1])
        #expect(try read(Self.header(">f4", "1,"), [0x3f, 0xc0, 0, 0]).values == [1.5])
        #expect(try read(Self.header(">f8", "1,"), [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]).values == [1.5])
        #expect(try read(Self.header("<f2", "1,"), [0, 0x3e]).values == [1.5])
        #expect(try read(Self.header("|b1", ""), [1]).shape == [])
    }

    @Test func fortranOrderIsTurnedIntoRows() throws {
        // The 2×3×2 array of 0…11 in row-major order, stored with its first axis fastest.
        let stored: [UInt8] = [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]
        let tensor = try read(Self.header("|u1", "2, 3, 2", fortran: true), stored)
        #expect(tensor.shape == [2, 3, 2])
        #expect(tensor.values == (0..<12).map { Float($0) })
        #expect(try read(Self.header("|u1", "3, 0", fortran: true), []).shape == [3, 0])
        // No numbers, yet extents whose product is none.
        let wide = Self.header("|u1", "0, 4611686018427387904, 4611686018427387904", fortran: true)
        #expect(try read(wide, []).count == 0)
    }

    /// A header, and a word of the complaint about it.
    private static let hostile: [(String, String)] = [
        (header("<f4", "2,"), "cut short"), (header("<f4", ""), "too many"),
        (header("|O", "1,"), "Python objects"),
        (header("<c8", "1,"), "is none of"), (header("<f4", "-1,"), "dictionary"),
        (header("<f4", "9223372036854775807, 3"), "not a shape"),
        (header("<f4", "99999999999999999999,"), "dictionary"),
        (header("<U1", ""), "is text"), ("{'descr': '<f4'}", "dictionary"), ("{", "dictionary"),
        ("", "dictionary"),
        ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", "dictionary"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "dictionary"),
    ]

    @Test(arguments: hostile)
    func hostileHeadersAreRefusedByTheirFault(header: String, reason: String) throws {
        let error = try #require(try fault(Self.bytes(header, [0, 0, 0, 0, 0])))
        #expect(error.description.contains(reason), "\(error)")
    }

    @Test(arguments: [[], [3], [2, 3], [0, 5], [1, 1, 4, 1]])
    func whatIsWrittenIsReadBack(dimensions: [Int]) throws {
        let shape = try Shape(dimensions)
        let folder = try TemporaryFolder()
        let path = folder.file("array.npy")
        let tensor = try Tensor((0..<shape.count).map { Float($0) - 0.5 }, shape: shape)
        try NumPyFile.write(tensor, path: path)
        #expect(try NumPyFile.read(path: path) == tensor)
    }

    @Test(.enabled(if: Conformance.isPresent)) func invertedFacesLoad() throws {
        let latents = try NumPyFile.read(path: Conformance.path("styleclip/w_plus.npy"))
        #expect(latents.count == 68 * 18 * 512)
        #expect(latents.values.allSatisfy { $0.isFinite })
    }
}
