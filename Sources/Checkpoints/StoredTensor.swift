import Tensors

/// A tensor as a file holds it: where its numbers are, of which type, and how they are laid out.
struct StoredTensor: Sendable {
    /// Where the numbers come from.
    enum Source: Sendable {
        case bytes(Bytes)
        /// A record of an archive, unpacked when it is asked for.
        case record(ZipArchive, ZipArchive.Record)

        /// Bytes when unpacked.
        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .record(_, let record): record.size
            }
        }

        func load() throws(FormatError) -> Bytes {
            switch self {
            case .bytes(let bytes): bytes
            case .record(let archive, let record): try archive.bytes(of: record)
            }
        }
    }

    let shape: Shape
    let element: ElementType
    private let source: Source
    private let bigEndian: Bool
    /// Where the first number starts in the source, in bytes.
    private let start: Int
    /// Numbers between neighbours along each axis; nil where they follow one another in row-major order.
    private let strides: [Int]?

    /// An expanded tensor repeats numbers that are stored once; beyond this it is not a weight but an attack.
    private static let maximumExpandedCount = 1 << 20

    /// A tensor in row-major order, unless `strides` (in numbers, not bytes) say otherwise.
    /// - Throws: `FormatError` where it does not lie within its source; `format` and `name` are for the message.
    init(
        shape: Shape, element: ElementType, source: Source, start: Int = 0, strides: [Int]? = nil,
        bigEndian: Bool = false, format: String, name: String
    ) throws(FormatError) {
        func fault(_ reason: String) -> FormatError {
            .malformed(format: format, offset: nil, reason: "\(name): \(reason)")
        }
        var strides = strides
        if let given = strides {
            guard given.count == shape.rank, given.allSatisfy({ $0 >= 0 }) else {
                throw fault("strides \(given) do not suit shape \(shape)")
            }
            if shape.count == 0 || Self.isRowMajor(given, shape) { strides = nil }
        }
        // The last number's position, one axis at a time, so that nothing overflows unseen.
        var end = shape.count
        if let strides {
            end = 1
            for (extent, stride) in zip(shape.dimensions, strides) {
                let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
                let (sum, sumOverflow) = end.addingReportingOverflow(reach)
                guard !overflow, !sumOverflow else { throw fault("strides \(strides) reach beyond any file") }
                end = sum
            }
        }
        let (size, overflow) = end.multipliedReportingOverflow(by: element.size)
        guard start >= 0, !overflow, start <= source.count, size <= source.count - start else {
            throw .truncated(
                format: format, what: name, needed: overflow ? .max : size,
                found: max(0, source.count - start))
        }
        guard strides == nil || shape.count <= max(source.count, Self.maximumExpandedCount) else {
            throw fault("\(shape) repeats \(source.count) bytes too often")
        }
        self.shape = shape
        self.element = element
        self.source = source
        self.start = start
        self.strides = strides
        self.bigEndian = bigEndian
    }

    private static func isRowMajor(_ strides: [Int], _ shape: Shape) -> Bool {
        var expected = 1
        for (extent, stride) in zip(shape.dimensions, strides).reversed() {
            // Along an axis of one element there is nothing to step to.
            if extent > 1 && stride != expected { return false }
            expected *= extent
        }
        return true
    }

    /// The values as float32: borrowed where they are float32 already, aligned and in order, else converted.
    func load() throws(FormatError) -> Tensor {
        let bytes = try source.load().suffix(from: start)
        let ordered =
            strides.map { inOrder(bytes, $0) } ?? bytes.slice(at: 0, count: shape.count * element.size)
        guard let ordered else { preconditionFailure("checked when the tensor was found") }
        if element == .float32, !bigEndian, let tensor = ordered.borrowedTensor(shape: shape) {
            return tensor
        }
        var tensor = Tensor(zeros: shape)
        tensor.withUnsafeMutableValues { target in
            ordered.withUnsafeBytes { element.convert($0, bigEndian: bigEndian, into: target) }
        }
        return tensor
    }

    /// The numbers of a matrix as they are stored, where they follow one another in a type that `load` would convert.
    func matrix() throws(FormatError) -> StoredMatrix? {
        guard shape.rank == 2, strides == nil, element != .float32 || bigEndian else { return nil }
        let (element, bigEndian, length) = (element, bigEndian, shape[1] * element.size)
        let bytes = try source.load().suffix(from: start)
        return try? StoredMatrix(shape: shape) { rows, target in
            bytes.withUnsafeBytes { bytes in
                let part = bytes[rows.lowerBound * length..<rows.upperBound * length]
                element.convert(UnsafeRawBufferPointer(rebasing: part), bigEndian: bigEndian, into: target)
            }
        }
    }

    /// The numbers copied into row-major order.
    private func inOrder(_ bytes: Bytes, _ strides: [Int]) -> Bytes {
        let size = element.size
        return Bytes(count: shape.count * size) { target in
            bytes.withUnsafeBytes { source in
                var index = [Int](repeating: 0, count: shape.rank)
                var position = 0
                for i in 0..<shape.count {
                    for byte in 0..<size { target[i * size + byte] = source[position * size + byte] }
                    // Steps to the next index, the last axis first.
                    for axis in (0..<shape.rank).reversed() {
                        index[axis] += 1
                        position += strides[axis]
                        if index[axis] < shape[axis] { break }
                        position -= index[axis] * strides[axis]
                        index[axis] = 0
                    }
                }
            }
        }
    }
}
