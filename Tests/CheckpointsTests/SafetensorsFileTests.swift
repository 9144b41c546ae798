import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct SafetensorsFileTests {
    /// A file of these header and data bytes.
    static func bytes(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + data
    }

    static func entry(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
        #""\#(name)":{"dtype":"\#(type)","shape":[\#(shape)],"data_offsets":[\#(offsets)]}"#
    }

    private static func both(_ first: String, _ second: String) -> String { first + "," + second }

    private static let deep = #""a":"# + String(repeating: "[", count: 100_000)

    /// What stands in a header, and a word of the complaint about it.
    private static let hostile: [(String, String)] = [
        (entry("a", "F32", "2", "0,4"), "does not fill"),
        (entry("a", "F32", "1", "4,0"), "rising"),
        (entry("a", "F32", "1", "-4,0"), "rising"),
        (entry("a", "F32", "1", "0"), "rising"),
        (entry("a", "F32", "-1", "0,4"), "not a shape"),
        (entry("a", "F32", "4611686018427387904,4", "0,4"), "not a shape"),
        (entry("a", "F32", "2305843009213693952", "0,4"), "does not fill"),
        (entry("a", "F32", "1.5", "0,4"), "shape of integers"),
        (entry("a", "F33", "1", "0,4"), "F33"),
        (entry("a", "F32", "2", "0,8"), "cut short"),
        (entry("a", "F32", "1", "9223372036854775800,9223372036854775804"), "cut short"),
        (both(entry("a", "U8", "3", "0,3"), entry("b", "U8", "2", "2,4")), "overlaps"),
        (both(entry("a", "U8", "1", "0,1"), entry("b", "U8", "2", "2,4")), "gap"),
        (entry("a", "U8", "3", "0,3"), "1 bytes too many"),
        (both(entry("a", "U8", "4", "0,4"), entry("a", "U8", "4", "0,4")), "twice"),
        (#""a":{"shape":[4],"data_offsets":[0,4]}"#, "no dtype"),
        (#""a":3"#, "no dtype"),
        (#""__metadata__":{"a":1}"#, "not a string"),
        (#""__metadata__":[]"#, "not an object"),
        (deep, "deeper"),
        (#""a":"\ud800""#, "surrogate"),
        (#""a""#, "':' is missing"),
        (entry("a", "U8", "+4", "0,4"), "+4 is not a JSON number"),
        (entry("a", "U8", "04", "0,4"), "04 is not a JSON number"),
        (entry("a", "U8", "4", "00,4"), "00 is not a JSON number"),
        (entry("a", "U8", "4", "0,+4"), "+4 is not a JSON number"),
        (#""a":[-]"#, "- is not a JSON number"), (#""a":1."#, "1. is not a JSON number"),
        (#""a":.5"#, ".5 is not a JSON number"), (#""a":1e"#, "1e is not a JSON number"),
        (#""a":1-2"#, "1-2 is not a JSON number"), (#""a":-01.5"#, "-01.5 is not a JSON number"),
    ]

    @Test(arguments: hostile)
    func hostileHeadersAreRefusedByTheirFault(members: String, reason: String) throws {
        let error = try #require(try fault(Self.bytes("{" + members + "}", [0, 0, 0, 0])))
        #expect(error.description.contains(reason), "\(error)")
    }

    /// Lengths that are spelt as pickles begin (0x80, then protocol 2 to 5), and as JSON does (123, a brace).
    @Test(arguments: [640, 896, 1152, 1408, 66_176, 123, 379])
    func aHeaderMayBeOfAnyLength(length: Int) throws {
        let header = "{" + Self.entry("a", "U8", "1", "0,1") + "}"
        let padded = header + String(repeating: " ", count: length - header.utf8.count)
        let read = try checkpoint(Self.bytes(padded, [7]))
        #expect(read.format == "safetensors")
        #expect(try read.tensor("a").values == [7])
    }

    @Test func numbersOfJSONAreRead() throws {
        let header = #"{"a":[0,-0,-1.5e+2,1E-1,120]}"#
        let value = try JSONValue(Bytes(Array(header.utf8)), format: "JSON")
        #expect(value["a"]?.elements?.compactMap(\.number) == [0, 0, -150, 0.1, 120])
    }

    @Test func aTensorOfATypeThatIsNotReadLeavesTheOthersReadable() throws {
        let header =
            "{" + Self.entry("a", "F8_E4M3", "2,1", "0,2") + "," + Self.entry("b", "U8", "1", "2,3") + "}"
        let read = try checkpoint(Self.bytes(header, [1, 2, 3]))
        #expect(read.names == ["a", "b"] && read.shape(of: "a") == [2, 1])
        #expect(try read.tensor("b").values == [3])
        #expect(read.storage(of: "a")?.type == "F8_E4M3, not read" && read.storage(of: "a")?.byteCount == 2)
        #expect { try read.tensor("a") } throws: { "\($0)".contains("a: dtype F8_E4M3 is none of") }
        #expect { try read.matrix("a") } throws: { "\($0)".contains("a: dtype F8_E4M3 is none of") }
        let beyond = "{" + Self.entry("a", "F8_E4M3", "2", "0,4") + "}"
        #expect(try fault(Self.bytes(beyond, [1]))?.description.contains("cut short") == true)
    }

    @Test func aHeaderLongerThanTheFileIsRefused() throws {
        var bytes = Self.bytes("{}")
        bytes[0] = 200
        #expect(
            try fault(bytes) == .truncated(format: "safetensors", what: "the header", needed: 200, found: 2))
        bytes[7] = 0xff
        #expect(try fault(bytes)?.description.contains("at most 100000000") == true)
    }

    @Test func everyTruncationIsRefused() throws {
        let whole = Self.bytes("{" + Self.entry("a", "F32", "2", "0,8") + "}", [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try fault(whole) == nil)
        for count in 1..<whole.count { #expect(try fault(Array(whole.prefix(count))) != nil) }
    }

    @Test func everyElementTypeBecomesFloat32() throws {
        func numbers<Number>(_ numbers: [Number]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }
        let cases: [(String, [UInt8], [Float])] = [
            ("F64", numbers([1.5, -2e-3, .infinity] as [Double]), [1.5, -2e-3, .infinity]),
            ("F32", numbers([1.5, -2e-3, .infinity] as [Float]), [1.5, -2e-3, .infinity]),
            ("BF16", numbers([0x3fc0, 0xff80, 0x8000] as [UInt16]), [1.5, -.infinity, -0.0]),
            ("I64", numbers([.min, -1, 3] as [Int64]), [-0x1p63, -1, 3]),
            ("I32", numbers([.min, -1, 3] as [Int32]), [-0x1p31, -1, 3]),
            ("I16", numbers([.min, -1, 3] as [Int16]), [-32768, -1, 3]),
            ("I8", numbers([.min, -1, 3] as [Int8]), [-128, -1, 3]),
            ("U64", numbers([.max, 1, 3] as [UInt64]), [0x1p64, 1, 3]),
            ("U32", numbers([.max, 1, 3] as [UInt32]), [0x1p32, 1, 3]),
            ("U16", numbers([.max, 1, 3] as [UInt16]), [65535, 1, 3]),
            ("U8", numbers([.max, 1, 3] as [UInt8]), [255, 1, 3]),
            ("BOOL", [0, 1, 1], [0, 1, 1]),
        ]
        for (type, data, expected) in cases {
            let header = "{" + Self.entry("a", type, "3", "0,\(data.count)") + "}"
            #expect(try checkpoint(Self.bytes(header, data)).tensor("a").values == expected, "\(type)")
        }
    }

    /// All 65,536 halves, against the definition of binary16: a sign, 5 bits of exponent, 10 of fraction.
    @Test func everyHalfConvertsExactly() throws {
        let halves = (0...UInt16.max).map { $0 }
        var converted = [Float](repeating: 0, count: halves.count)
        halves.withUnsafeBytes { source in
            converted.withUnsafeMutableBufferPointer { ElementType.float16.convert(source, into: $0) }
        }
        for half in halves {
            let sign: Float = half & 0x8000 == 0 ? 1 : -1
            let exponent = Int(half >> 10) & 31
            let fraction = Float(half & 1023) / 1024
            let value = converted[Int(half)]
            if exponent == 31 {
                #expect(fraction == 0 ? value == sign * .infinity : value.isNaN)
            } else {
                let scale = Float(sign: .plus, exponent: max(exponent, 1) - 15, significand: 1)
                #expect(value == sign * scale * (exponent == 0 ? fraction : 1 + fraction))
                #expect(value.sign == (sign > 0 ? .plus : .minus))
            }
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("whole.safetensors")
        let tensors = [
            "b.weight": try Tensor([1, -2, 3, 4, 5, 6], shape: [2, 3]), "a \"\\\n\u{1}ü": Tensor([7]),
            "none": Tensor(zeros: [0, 4]), "scalar": try Tensor([9], shape: []),
        ]
        let metadata = ["manifest": #"{"β": 0.12}"#, "lines": "one\ntwo\t\u{1f}"]
        try SafetensorsFile.write(tensors, metadata: metadata, path: path)
        let read = try Checkpoint.open(path: path)
        #expect(read.format == "safetensors")
        #expect(read.metadata == metadata)
        #expect(read.names == tensors.keys.sorted())
        for (name, tensor) in tensors { #expect(try read.tensor(name) == tensor) }
    }

    @Test(.enabled(if: TestPython.isPresent, "TEST_PYTHON names no Python"))
    func thePublicPackageReadsWhatIsWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("whole.safetensors")
        try SafetensorsFile.write(
            ["b": Tensor([1, 2, 3]), "a": try Tensor([0.5, -1], shape: [2, 1])], metadata: ["k": "v"],
            path: path)
        let program = """
            import sys
            from safetensors import safe_open
            with safe_open(sys.argv[1], "numpy") as f:
                print(f.metadata(), [(k, f.get_tensor(k).tolist()) for k in sorted(f.keys())])
            """
        #expect(
            try TestPython.output(program, [path])
                == "{'k': 'v'} [('a', [[0.5], [-1.0]]), ('b', [1.0, 2.0, 3.0])]")
    }
}
