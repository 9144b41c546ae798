import ArgumentParser
import CLIP
import Checkpoints
import CommandKit
import Foundation
import NeuralLayers
import StyleGAN
import Tensors

/// What full-size models give for inputs of a file: the counterpart of `parity.py`.
@main struct Parity: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parity", abstract: "Draw or embed the inputs of a file, for parity.py to compare.",
        subcommands: [DrawPictures.self, Embed.self])

    /// What a run took.
    struct Facts: Encodable {
        /// From opening the file to a network that is ready.
        let loadSeconds: Double
        let runSeconds: Double
        /// Memory of the process itself at the end, without what is mapped of files.
        let anonymousMiB: Int

        init(load: Duration, run: Duration) {
            loadSeconds = (load / .milliseconds(1)).rounded() / 1000
            runSeconds = (run / .milliseconds(1)).rounded() / 1000
            let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
            let kilobytes = line.flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }
            anonymousMiB = (kilobytes.flatMap { Int($0) } ?? 0) >> 10
        }

        func print() throws { Swift.print(try JSONText.encode(self)) }
    }
}

struct DrawPictures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generator", abstract: "Pictures of latents z `[N, z_dim]`, ψ = 0.7 for the first 8 w's."
    )

    @Argument var weights: String
    @Argument var latents: String
    @Argument var output: String

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let generator = try Generator(checkpoint: .open(path: weights))
        let synthesis = try Synthesis(generator, batch: 1)
        let ready = clock.now
        let styles = try generator.styles(z: NumPyFile.read(path: latents), truncation: Truncation())
        let images = try synthesis.images(styles: styles)
        let facts = Parity.Facts(load: ready - start, run: clock.now - ready)
        try NumPyFile.write(images, path: output)
        try facts.print()
    }
}

struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clip", abstract: "Embeddings of images `[N, 3, R, R]` in −1…1 and of lines of text.")

    @Argument var weights: String
    @Argument var images: String
    @Argument var texts: String
    @Argument var imageOutput: String
    @Argument var textOutput: String
    @Option var merges: String

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let model = try CLIPModel.open(path: weights, merges: merges)
        let (imageEncoder, textEncoder) = try (model.imageEncoder(batch: 2), model.textEncoder())
        let ready = clock.now
        let lines = try String(contentsOfFile: texts, encoding: .utf8).split(separator: "\n").map(String.init)
        let (imageRows, textRows) = try (
            imageEncoder.embed(NumPyFile.read(path: images)), textEncoder.embed(lines)
        )
        let facts = Parity.Facts(load: ready - start, run: clock.now - ready)
        try NumPyFile.write(imageRows, path: imageOutput)
        try NumPyFile.write(textRows, path: textOutput)
        try facts.print()
    }
}
