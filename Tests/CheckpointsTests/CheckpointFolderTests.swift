import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointFolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        (["model.safetensors", "open_clip_model.safetensors"], "model.safetensors"),
        // timm's image tower beside the CLIP that it is of.
        (
            ["model.safetensors", "open_clip_model.safetensors", "open_clip_config.json"],
            "open_clip_model.safetensors"
        ),
        (["model.safetensors", "open_clip_config.json"], "model.safetensors"),
        (["pytorch_model.bin", "open_clip_pytorch_model.bin"], "open_clip_pytorch_model.bin"),
        (["pytorch_model.bin"], "pytorch_model.bin"),
    ])
    func theFileOfWeightsIsFound(files: [String], chosen: String) throws {
        for name in files { try SafetensorsFile.write(["a": Tensor([1])], path: folder.file(name)) }
        #expect(try Checkpoint.open(path: folder.path).path == folder.file(chosen))
        #expect(try Checkpoint.open(path: folder.path + "/").path == folder.file("") + chosen)
    }

    @Test func shardsOfPyTorchAreReadByTheirIndex() throws {
        for (name, fixture) in [("one.bin", "state.pt"), ("two.bin", "legacy.pt")] {
            try FileManager.default.copyItem(atPath: Fixture.path(fixture), toPath: folder.file(name))
        }
        try WholeFile.write(
            path: folder.file("pytorch_model.bin.index.json"),
            contents: #"{"weight_map": {"d.weight": "one.bin", "list.0": "two.bin"}}"#.utf8)
        let read = try Checkpoint.open(path: folder.path)
        #expect(read.names == ["d.weight", "list.0"] && read.format == "PyTorch")
        #expect(try read.tensor("d.weight").values == [3, 4])
    }
}
