/// The stack of values that a pickle's operations take from and put on, with the marks that they count down to.
struct PickleStack {
    private var values: [PickleValue] = []
    /// The heights of the stack at the open marks.
    private var marks: [Int] = []

    /// The values that may be taken: those above the last mark.
    private var available: Int { values.count - (marks.last ?? 0) }

    /// All values, those below marks included.
    var count: Int { values.count }

    /// The one value that is left, where there is nothing else.
    var result: PickleValue? { marks.isEmpty && values.count == 1 ? values[0] : nil }

    mutating func push(_ value: PickleValue) { values.append(value) }

    mutating func mark() { marks.append(values.count) }

    // Each gives nil where too little stands above the last mark, or there is no mark.

    var top: PickleValue? { available > 0 ? values.last : nil }

    mutating func pop() -> PickleValue? { available > 0 ? values.popLast() : nil }

    mutating func pop(count: Int) -> [PickleValue]? {
        guard available >= count else { return nil }
        defer { values.removeLast(count) }
        return Array(values.suffix(count))
    }

    mutating func popToMark() -> [PickleValue]? {
        guard let mark = marks.popLast() else { return nil }
        defer { values.removeLast(values.count - mark) }
        return Array(values[mark...])
    }
}
