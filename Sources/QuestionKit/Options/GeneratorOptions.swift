import ArgumentParser

/// Which generator.
public struct GeneratorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The generator's weights: StyleGAN2 in NVIDIA's or rosinality's layout.",
            discussion: "A .pkl, .pt or .safetensors file. Default: the embedded animal faces.",
            valueName: "file"),
        completion: .file())
    public var generator: String?

    @Option(
        name: .customLong("class"), parsing: .unconditional,
        help: "The class to draw, of a class-conditional generator. Default: the database's.")
    public var classIndex: Int?

    public init() {}
}
