import ArgumentParser
import Checkpoints
import CommandKit

@main struct InspectCheckpoint: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect-checkpoint",
        abstract: "Say what a file of weights, latents or statistics holds, and which command takes it.",
        discussion: """
            No code from the file is run, and no weights are loaded.

            Examples:
              inspect-checkpoint ffhq.pkl
              inspect-checkpoint ViT-B-32.pt --tensors
              inspect-checkpoint clip-vit-base-patch32/ --json | jq .holds
            """,
        version: ProgramVersion.current)

    @Argument(help: "The file, or a folder of Hugging Face's or OpenCLIP's.", completion: .file())
    var file: String

    @Flag(help: "List every tensor with its type and shape.")
    var tensors = false

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    func run() throws {
        let report = try CheckpointReport(.open(path: file))
        try StandardStream.output.write(json ? report.json(tensors: tensors) : report.text(tensors: tensors))
    }
}
