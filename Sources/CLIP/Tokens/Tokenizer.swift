import Checkpoints

/// CLIP's tokenizer: text to the numbers of byte pairs, as OpenAI's `SimpleTokenizer`; only what was decoded by a wrong
/// encoding is not repaired first (`TextMending`).
///
/// The vocabulary follows from the file of merges: 256 bytes, 256 bytes at the end of a word, a token a merge, and the
/// two marks: 49,408 for OpenAI's.
public struct Tokenizer: Sendable {
    /// OpenAI's file goes on after these; its tokenizer stops reading here.
    private static let publishedMergeCount = 49_152 - 256 - 2

    private let merges: BytePairMerges

    /// The number of tokens, marks included.
    public var vocabularySize: Int { BytePairMerges.alphabetCount + merges.count + 2 }

    /// The token `<|startoftext|>` that begins every text.
    public var startMark: Int { vocabularySize - 2 }

    /// The token `<|endoftext|>` that ends every text and at which the text's embedding is read.
    public var endMark: Int { vocabularySize - 1 }

    /// Reads a file of merges, plain or compressed with gzip, or the tokenizers library's `tokenizer.json`.
    /// - Parameter vocabularySize: the tokens that the model has, if known: merges beyond them are not read, and fewer
    ///   are an error. Nil takes all merges, of OpenAI's file those that OpenAI takes.
    /// - Throws: `TokenizerError`.
    public static func open(path: String, vocabularySize: Int? = nil) throws(TokenizerError) -> Tokenizer {
        let file: MappedFile
        do throws(CheckpointError) {
            file = try MappedFile(path: path)
        } catch {
            throw .file(error)
        }
        let merges = try TokenizerSource.merges(file, count: vocabularySize)
        return try Tokenizer(merges: merges, path: path, vocabularySize: vocabularySize)
    }

    /// - Parameters:
    ///   - merges: the text of a file of merges.
    ///   - path: what errors call it.
    ///   - vocabularySize: as in `open`.
    /// - Throws: `TokenizerError`.
    public init(merges: [UInt8], path: String = "merges", vocabularySize: Int? = nil) throws(TokenizerError) {
        // Marks and bytes need 514 tokens; of fewer nothing can be left for merges.
        let others = BytePairMerges.alphabetCount + 2
        let limit = vocabularySize.map { max($0, others) - others }
        self.merges = try BytePairMerges(
            parsing: merges, limit: limit ?? Self.publishedMergeCount, name: path)
        if let vocabularySize, self.vocabularySize != vocabularySize {
            throw .vocabulary(path: path, found: self.vocabularySize, expected: vocabularySize)
        }
    }

    /// The tokens of a text without its marks.
    public func tokens(of text: String) -> [Int] {
        WordSplitter.words(of: text).flatMap { word in
            // By bytes: strings are equal where their marks are in another order, and putting them in order takes long.
            if word.utf8.elementsEqual(WordSplitter.startMark.utf8) { return [startMark] }
            if word.utf8.elementsEqual(WordSplitter.endMark.utf8) { return [endMark] }
            return merges.tokens(of: word)
        }
    }

    /// The tokens of a text between its two marks, as the text encoder reads them (without padding).
    /// - Throws: `TokenizerError.tooLong` where they do not fit in the context.
    public func tokens(of text: String, contextLength: Int) throws(TokenizerError) -> [Int] {
        let tokens = [startMark] + tokens(of: text) + [endMark]
        guard tokens.count <= contextLength else {
            throw .tooLong(text: text, tokens: tokens.count, limit: contextLength)
        }
        return tokens
    }
}
