import Checkpoints
import Foundation
import TestSupport
import Testing

@testable import CLIP

/// Damaged files of merges end in an error or in another tokenizer, never in a trap.
@Suite struct HostileTokenizerTests {
    private static let lines = "#version: 0.2\na b\nab c</w>\nt i\nti g\ntig e\n"
    private static let json = """
        {"added_tokens": [{"id": 1, "content": "<|endoftext|>"}], "model": {"type": "BPE",
         "end_of_word_suffix": "</w>", "vocab": {"a": 0}, "merges": ["a b", ["ab", "c</w>"]]}}
        """
    /// `lines`, by gzip.
    private static let packed: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 83, 46, 75, 45, 42, 206, 204, 207, 179, 82, 48, 208, 51, 226,
        74, 84, 72, 226, 74, 76, 82, 72, 182, 209, 47, 183, 227, 42, 81, 200, 228, 42, 201, 84, 72, 7, 18,
        233,
        10, 169, 92, 0, 204, 173, 34, 132, 42, 0, 0, 0,
    ]

    @Test(arguments: [Array(lines.utf8), Array(json.utf8), packed])
    func mutatedMergesNeverTrap(whole: [UInt8]) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("merges")
        var mutator = Mutator(seed: 22)
        for _ in 0..<Mutator.count {
            let bytes = mutator.mutated(whole)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let peak = peakAllocation {
                guard let tokenizer = try? Tokenizer.open(path: path) else { return }
                _ = tokenizer.tokens(of: "abc tiger")
            }
            // The alphabet of 512 symbols, and zlib's window and buffer; deflate packs 1032 to 1 at most.
            #expect(peak < 2 << 20 + 4 * 1032 * bytes.count)
        }
        try Data(whole).write(to: URL(fileURLWithPath: path))
        #expect(try Tokenizer.open(path: path).vocabularySize >= 516)
    }
}
