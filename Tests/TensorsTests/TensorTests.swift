import Testing

@testable import Tensors

@Suite struct TensorTests {
    @Test func memoryIsAlignedToACacheLine() {
        for count in [1, 3, 17, 1000] {
            Tensor(zeros: [count]).withUnsafeValues {
                #expect(Int(bitPattern: $0.baseAddress) % 64 == 0)
            }
        }
    }

    @Test func writingACopyLeavesTheOriginal() throws {
        let original = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
        var copy = original
        copy[4] = 50
        #expect(original.values == [1, 2, 3, 4, 5, 6])
        #expect(copy.values == [1, 2, 3, 4, 50, 6])
    }

    @Test func writingBorrowedMemoryCopiesIt() throws {
        let owner = Tensor([1, 2, 3])
        var borrowed = try owner.withUnsafeValues { try Tensor(borrowing: $0, shape: [3], keptBy: owner) }
        borrowed[0] = 9
        #expect(owner.values == [1, 2, 3])
        #expect(borrowed.values == [9, 2, 3])
    }

    @Test func errorsNameBothShapes() throws {
        let tensor = Tensor(zeros: [2, 3])
        #expect(throws: ShapeError.mismatch(what: "w", found: [2, 3], expected: [3, 2])) {
            try tensor.requireShape([3, 2], of: "w")
        }
        let message = ShapeError.mismatch(what: "w", found: [2, 3], expected: [3, 2]).description
        #expect(message == "w has shape [2, 3] where [3, 2] is needed")
        #expect(throws: ShapeError.count(found: 6, expected: [4])) { try tensor.reshaped(to: [4]) }
        #expect(throws: ShapeError.count(found: 1, expected: [2])) { try Tensor([1], shape: [2]) }
    }

    @Test func shapesFromOutsideAreChecked() {
        #expect(throws: ShapeError.invalid([2, -1])) { try Shape([2, -1]) }
        #expect(throws: ShapeError.invalid([Int.max, 2])) { try Shape([Int.max, 2]) }
        #expect(([] as Shape).count == 1)
    }
}
