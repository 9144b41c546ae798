import Checkpoints

/// Where the merges of a CLIP's tokenizer are found.
public enum TokenizerSource {
    /// OpenAI's file, as its own package and `open_clip_torch` have it.
    public static let published = "bpe_simple_vocab_16e6.txt.gz"

    /// What may lie beside weights, the one to be preferred first.
    public static let names = ["merges.txt", "tokenizer.json", published, "bpe_simple_vocab_16e6.txt"]

    /// The merges in a file: lines as they are, plain or compressed with gzip, or those of a `tokenizer.json`.
    /// - Parameter count: how many merges are wanted; of a compressed file nothing behind them is expanded. Nil for all.
    /// - Throws: `TokenizerError`; for a file of more than 64 MiB before anything of it is read.
    static func merges(_ file: MappedFile, count: Int?) throws(TokenizerError) -> [UInt8] {
        guard file.count <= Gzip.largest else {
            throw .malformed(
                path: file.path, line: 1, reason: "more than \(Gzip.largest >> 20) MiB: no file of merges")
        }
        if Gzip.isCompressed(file) {
            // Every merge has a space, and so may the heading; behind one more the last merge is whole.
            var spaces = count.map { $0 + 2 } ?? .max
            return try Gzip.expand(file) { part in
                spaces -= part.count { $0 == UInt8(ascii: " ") }
                return spaces > 0
            }
        }
        guard file.withUnsafeBytes({ $0.first == UInt8(ascii: "{") }) else {
            return file.withUnsafeBytes { Array($0) }
        }
        return try merges(ofJSON: file.path)
    }

    /// The merges of the tokenizers library's file, as lines.
    private static func merges(ofJSON path: String) throws(TokenizerError) -> [UInt8] {
        func fault(_ reason: String) -> TokenizerError { .malformed(path: path, line: 1, reason: reason) }
        let model: JSONValue?
        do throws(CheckpointError) {
            model = try JSONValue.read(path: path)["model"]
        } catch {
            throw .file(error)
        }
        guard let model, let merges = model["merges"]?.elements else {
            throw fault("a JSON file without the merges of a tokenizer")
        }
        guard model["end_of_word_suffix"]?.text == "</w>" else {
            throw fault("its words do not end in </w>: it is another tokenizer than CLIP's")
        }
        var lines: [UInt8] = []
        for merge in merges {
            // Older files have a line of text, newer ones a pair.
            let line = merge.text ?? merge.elements?.compactMap(\.text).joined(separator: " ")
            guard let line, !line.utf8.contains(UInt8(ascii: "\n")) else {
                throw fault("a merge that is no text")
            }
            lines += Array(line.utf8) + [UInt8(ascii: "\n")]
        }
        return lines
    }
}
