import ArgumentParser

/// Which CLIP, with the merges of its tokenizer.
public struct CLIPOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "CLIP's weights: OpenAI's archive, a Hugging Face or OpenCLIP file or folder.",
            discussion:
                "Default: the embedded CLIP of animal faces; for a database, the one that it was built with.",
            valueName: "file"),
        completion: .file())
    public var clip: String?

    @Option(
        help: ArgumentHelp(
            "The byte-pair merges of CLIP's tokenizer: merges.txt, plain or gzipped, or tokenizer.json.",
            discussion: "Default: those beside CLIP's weights, else what make clip-vocabulary fetched.",
            valueName: "file"),
        completion: .file())
    public var merges: String?

    public init() {}
}
