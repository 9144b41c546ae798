import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointTests {
    @Test func everyBadPathHasItsOwnError() throws {
        let folder = try TemporaryFolder()
        let absent = folder.file("absent")
        #expect(throws: CheckpointError.missing(path: absent)) { try Checkpoint.open(path: absent) }
        #expect(throws: CheckpointError.noWeights(folder: folder.path)) {
            try Checkpoint.open(path: folder.path)
        }

        let pipe = folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: CheckpointError.special(path: pipe)) { try Checkpoint.open(path: pipe) }
        #expect(throws: CheckpointError.special(path: "/dev/null")) { try Checkpoint.open(path: "/dev/null") }

        let empty = folder.file("empty")
        try Data().write(to: URL(fileURLWithPath: empty))
        #expect(throws: CheckpointError.empty(path: empty)) { try Checkpoint.open(path: empty) }

        let text = folder.file("text")
        try Data("These are no weights.".utf8).write(to: URL(fileURLWithPath: text))
        #expect(throws: CheckpointError.format(path: text, .unrecognised)) { try Checkpoint.open(path: text) }
    }

    @Test func aTensorOutlivesItsCheckpointAndItsFile() throws {
        let values: [Float] = [1, -2, 3.5, .greatestFiniteMagnitude]
        let header = #"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#
        // Spaces may pad the header, so that the data is aligned and borrowed.
        let padded = header + String(repeating: " ", count: 64 - header.utf8.count)
        let tensor = try checkpoint(SafetensorsFileTests.bytes(padded, values.withUnsafeBytes { Array($0) }))
            .tensor("a")
        #expect(tensor.shape == [2, 2])
        #expect(tensor.values == values)
    }

    @Test func aMatrixStaysAsItIsStored() throws {
        // 1, −2 and 0.5 in binary16 and in bfloat16, then a float32.
        let header =
            "{" + SafetensorsFileTests.entry("half", "F16", "3,1", "0,6") + ","
            + SafetensorsFileTests.entry("brain", "BF16", "3,1", "6,12") + ","
            + SafetensorsFileTests.entry("whole", "F32", "1,1", "12,16") + ","
            + SafetensorsFileTests.entry("vector", "F16", "1", "16,18") + "}"
        let halves: [UInt8] = [0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38]
        let brains: [UInt8] = [0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3f]
        let opened = try checkpoint(
            SafetensorsFileTests.bytes(header, halves + brains + [0, 0, 0x40, 0x40] + [0, 0]))
        for name in ["half", "brain"] {
            let matrix = try opened.matrix(name)
            #expect(matrix.shape == [3, 1] && matrix.tensor == nil)
            var rows = [Float](repeating: 9, count: 4)
            rows.withUnsafeMutableBufferPointer { matrix.read(1..<3, into: $0) }
            #expect(rows == [-2, 0.5, 9, 9])
        }
        #expect(try opened.matrix("whole").tensor?.values == [3])
        #expect { try opened.matrix("vector") } throws: {
            "\($0)".hasSuffix("vector has 1 axis where 2 are needed")
        }
        #expect(throws: CheckpointError.self) { try opened.matrix("none") }
    }

    @Test func anUnknownNameIsAnsweredWithNamesThatComeNear() throws {
        let header = #"{"synthesis.b4.const":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#
        let opened = try checkpoint(SafetensorsFileTests.bytes(header, [7]))
        #expect(try opened.tensor("synthesis.b4.const").values == [7])
        let error = #expect(throws: CheckpointError.self) { try opened.tensor("G_ema.b4.const") }
        #expect(error?.description.contains("synthesis.b4.const") == true)
    }

    @Test func aWrongShapeIsRefusedWithBothShapes() throws {
        let header = #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#
        let opened = try checkpoint(SafetensorsFileTests.bytes(header, [1, 2, 3]))
        #expect(
            throws: CheckpointError.mismatch(path: opened.path, name: "a", found: [3], expected: [1, 3])
        ) {
            try opened.tensor("a", shape: [1, 3])
        }
    }

    @Test func theFingerprintIsSHA256() throws {
        // FIPS 180-2, example B.1.
        #expect(
            Fingerprint.sha256(of: Bytes(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(.enabled(if: Conformance.isPresent)) func referenceFilesOpen() throws {
        let generator = try Checkpoint.open(path: Conformance.path("stylegan2-nvidia/generator.safetensors"))
        #expect(generator.contains("synthesis.b4.const"))
        let clip = try Checkpoint.open(path: Conformance.path("clip/clip.safetensors"))
        #expect(try clip.tensor("logit_scale").values.allSatisfy { $0.isFinite })
    }
}
