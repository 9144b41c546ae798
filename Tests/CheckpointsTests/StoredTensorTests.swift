import Tensors
import Testing

@testable import Checkpoints

@Suite struct StoredTensorTests {
    /// Eight bytes: 0…7.
    private func tensor(_ dimensions: [Int], start: Int = 0, strides: [Int]? = nil) throws -> [Float] {
        let bytes = Bytes((0..<8).map { UInt8($0) })
        return try StoredTensor(
            shape: Shape(dimensions), element: .uint8, source: .bytes(bytes), start: start, strides: strides,
            format: "test", name: "tensor"
        ).load().values
    }

    @Test func stridesChooseTheNumbers() throws {
        #expect(try tensor([2, 3]) == [0, 1, 2, 3, 4, 5])
        #expect(try tensor([2, 3], start: 2) == [2, 3, 4, 5, 6, 7])
        #expect(try tensor([3, 2], strides: [1, 3]) == [0, 3, 1, 4, 2, 5])
        #expect(try tensor([2, 2], start: 1, strides: [0, 5]) == [1, 6, 1, 6])
        #expect(try tensor([2, 1, 3], strides: [3, 99, 1]) == [0, 1, 2, 3, 4, 5])
        #expect(try tensor([0, 3], strides: [1 << 60, 1 << 60]) == [])
        #expect(try tensor([], start: 7, strides: []) == [7])
    }

    @Test func whatReachesOutOfTheStorageIsRefused() throws {
        let cases: [(dimensions: [Int], start: Int, strides: [Int]?)] = [
            ([9], 0, nil), ([8], 1, nil), ([1], 8, nil), ([1], -1, nil), ([2, 2], 0, [7, 1]), ([2], 0, [-1]),
            ([2, 2], 0, [1]), ([3], 0, [.max]), ([2, 2], 0, [.max, .max]), ([2], .max, [1]),
            ([1 << 40], 0, [0]), ([1 << 25], 0, [0]),
        ]
        for (dimensions, start, strides) in cases {
            #expect(throws: FormatError.self, "\(dimensions) \(start)") {
                try tensor(dimensions, start: start, strides: strides)
            }
        }
    }
}
