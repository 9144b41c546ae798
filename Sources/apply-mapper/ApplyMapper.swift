import ArgumentParser
import Checkpoints
import CommandKit
import Editing
import Pictures
import Relevance
import StyleGAN
import Tensors

@main struct ApplyMapper: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply-mapper",
        abstract: "Edit faces by a latent mapper: a sheet, and their latents.",
        discussion: """
            The mapper is one that train-mapper wrote, or a checkpoint of StyleCLIP's own
            training (.pt); of that the generator that lies in it is not read.

            Examples:
              apply-mapper tiger.mapper.safetensors         tiger-mapper.png
              apply-mapper tiger.mapper.safetensors --strengths 1 --save-latents tigers.npy
              apply-mapper afro.pt --generator ffhq.pkl --latents w_plus.npy
            """,
        version: ProgramVersion.current)

    @Argument(help: "The mapper: .safetensors of train-mapper, or StyleCLIP's .pt.", completion: .file())
    var file: String

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var latents: LatentOptions

    @Option(parsing: .unconditional, help: "The number of faces. Default: 6, or all of --latents up to 64.")
    var faces: Int?

    @Option(parsing: .unconditional, help: "The seed of the faces, as NumPy's RandomState takes it.")
    var seed: UInt32 = 1000

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Truncation ψ of the faces. Default: the training's, or 0.7.", valueName: "ψ"))
    var truncation: Float?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "A column each: how many times the mapper's step is taken.", valueName: "strength"))
    var strengths: [Float] = [0.5, 1, 1.5]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The .png or .jpg to write. Default: named after the phrase.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write ŵ at the last strength as well: w+ of every face, .npy.", valueName: "file"),
        completion: .file())
    var saveLatents: String?

    @Flag(help: "Say nothing of what was written.")
    var quiet = false

    @Flag(help: "Say what was written in one line of JSON.")
    var json = false

    func validate() throws {
        if let faces, !(1...64).contains(faces) {
            throw ValidationError("--faces is \(faces); it must be from 1 to 64")
        }
        guard (1...32).contains(strengths.count), strengths.allSatisfy({ abs($0) <= 1000 }) else {
            throw ValidationError("--strengths must be from 1 to 32 numbers from −1000 to 1000")
        }
        if let truncation, !(0...2).contains(truncation) {
            throw ValidationError("--truncation is \(truncation); it must be from 0 to 2")
        }
        if let output, ![".png", ".jpg", ".jpeg"].contains(where: output.lowercased().hasSuffix) {
            throw ValidationError("--output \(output) must end in .png, .jpg or .jpeg")
        }
        if let saveLatents, !saveLatents.hasSuffix(".npy") {
            throw ValidationError("--save-latents \(saveLatents) must end in .npy")
        }
    }

    func run() throws {
        let mapperFile = try MapperFile(path: file)
        let path = output ?? OutputFile.name(for: (mapperFile.phrase ?? "") + " mapper", ending: "png")
        try OutputFile.require(path)
        if let saveLatents { try OutputFile.require(saveLatents) }
        let (generator, record) = try generator.open()
        try mapperFile.requireGenerator(record)
        let network = try MapperNetwork(mapperFile.mapper(for: generator.configuration), samples: 1)
        let faces = try faces(of: generator, mapperFile.record?.settings.truncation ?? 0.7)

        let sheet = try MapperSheet(
            phrase: mapperFile.phrase, network: network, generator: generator, latents: faces,
            strengths: strengths)
        try sheet.drawn(rowLabels: rowLabels(faces.count)).write(path: path)
        if let saveLatents { try NumPyFile.write(sheet.edited, path: saveLatents) }
        try conclude(mapperFile, faces: faces.count, sheet, path: path)
    }

    /// w+ of every face: `[1, L, w_dim]` each.
    private func faces(of generator: Generator, _ trained: Float) throws -> [Tensor] {
        let sizes = generator.configuration
        let all: Tensor
        if let path = latents.latents {
            all = try LatentFile.latents(path: path, for: generator)
        } else {
            let z = try LatentSamples.images(
                0..<(faces ?? 6), seed: seed, dimension: sizes.zDimension)
            all = try generator.latents(z: z, truncation: Truncation(psi: truncation ?? trained))
        }
        let shape: Shape = [1, sizes.latentCount, sizes.wDimension]
        return try (0..<min(faces ?? 64, all.shape[0])).map { face in
            try all.withUnsafeValues {
                try Tensor($0[face * shape.count..<(face + 1) * shape.count], shape: shape)
            }
        }
    }

    private func rowLabels(_ count: Int) -> [String] {
        (0..<count).map { latents.latents == nil ? "\(seed):\($0)" : "\($0)" }
    }

    private struct Result: Encodable {
        let sheet: String
        let latents: String?
        let phrase: String?
        let faces: Int
        let strengths: [Float]
        /// The mean square of each face's step at strength 1.
        let distances: [Float]
    }

    private func conclude(
        _ mapper: MapperFile, faces: Int, _ sheet: MapperSheet, path: String
    ) throws {
        if json {
            let result = Result(
                sheet: path, latents: saveLatents, phrase: mapper.phrase, faces: faces, strengths: strengths,
                distances: sheet.distances)
            try StandardStream.output.write(JSONText.encode(result) + "\n")
        } else if !quiet {
            let names = [path, saveLatents].compactMap(\.self).map { Terminal.printable($0) }
            StandardStream.error.writeLine(
                "\(names.joined(separator: ", ")): \(faces) faces"
                    + (mapper.phrase.map { " towards “\(Terminal.printable($0, limit: 80))”" } ?? ""))
        }
    }
}
