/// How one number lies in a file.
enum ElementType: Hashable, Sendable, CaseIterable {
    case float16, bfloat16, float32, float64
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case bool

    /// Bytes a number.
    var size: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// Converts numbers to float32, rounding to the nearest where float32 has not the digits.
    ///
    /// - Parameters:
    ///   - source: exactly as many numbers as `target` has room for, aligned or not.
    func convert(
        _ source: UnsafeRawBufferPointer, bigEndian: Bool = false,
        into target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(source.count == target.count * size, "as many numbers as there is room for")
        switch self {
        case .float16:
            each(source, UInt16.self, bigEndian, target) { float(half: $0) }
        case .bfloat16:
            each(source, UInt16.self, bigEndian, target) { Float(bitPattern: UInt32($0) << 16) }
        case .float32: each(source, UInt32.self, bigEndian, target) { Float(bitPattern: $0) }
        case .float64: each(source, UInt64.self, bigEndian, target) { Float(Double(bitPattern: $0)) }
        case .int8: each(source, Int8.self, bigEndian, target) { Float($0) }
        case .int16: each(source, Int16.self, bigEndian, target) { Float($0) }
        case .int32: each(source, Int32.self, bigEndian, target) { Float($0) }
        case .int64: each(source, Int64.self, bigEndian, target) { Float($0) }
        case .uint8: each(source, UInt8.self, bigEndian, target) { Float($0) }
        case .uint16: each(source, UInt16.self, bigEndian, target) { Float($0) }
        case .uint32: each(source, UInt32.self, bigEndian, target) { Float($0) }
        case .uint64: each(source, UInt64.self, bigEndian, target) { Float($0) }
        case .bool: each(source, UInt8.self, bigEndian, target) { $0 == 0 ? 0 : 1 }
        }
    }

    @inline(__always)
    private func each<Number: FixedWidthInteger>(
        _ source: UnsafeRawBufferPointer, _ type: Number.Type, _ bigEndian: Bool,
        _ target: UnsafeMutableBufferPointer<Float>, _ convert: (Number) -> Float
    ) {
        for i in 0..<target.count {
            let stored = source.loadUnaligned(fromByteOffset: i * MemoryLayout<Number>.size, as: Number.self)
            target[i] = convert(bigEndian ? Number(bigEndian: stored) : Number(littleEndian: stored))
        }
    }

    /// IEEE binary16 by shifting its fields into binary32's and rescaling by 2^(127−15), which makes subnormal
    /// numbers right as well; processors older than F16C would otherwise call a library for every number.
    @inline(__always)
    private func float(half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let magnitude = (Float(bitPattern: UInt32(half & 0x7fff) << 13) * 0x1p112).bitPattern
        let infinite: UInt32 = half & 0x7c00 == 0x7c00 ? 0x7f80_0000 : 0
        return Float(bitPattern: sign | magnitude | infinite)
    }
}
