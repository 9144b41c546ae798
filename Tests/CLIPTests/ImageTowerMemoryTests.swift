import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import CLIP

/// What an image tower is said to take, beside what this thread allocates for it.
@Suite struct ImageTowerMemoryTests {
    @Test(arguments: [false, true]) func theEstimateHoldsAndIsClose(isResNet: Bool) throws {
        Threads.limit(to: 1)
        let folder = try TemporaryFolder()
        let (path, merges) = (folder.file("clip.safetensors"), folder.file("merges.txt"))
        if isResNet {
            try TinyModels.writeResidualCLIP(
                path: path, merges: merges, width: 24, blocks: [2, 1, 2, 1], side: 3)
        } else {
            try TinyModels.writeCLIP(path: path, merges: merges, image: (width: 192, layers: 3))
        }
        let model = try CLIPModel.open(path: path, merges: merges)
        let memory = ImageTowerMemory(model.configuration, height: 40, width: 24)
        let image = Tensor(zeros: [1, 3, 40, 24])
        var encoder: ImageEncoder?
        let measured = try peakAllocation {
            encoder = try model.imageEncoder(batch: 1, imageResolution: 40, imageWidth: 24)
            _ = try encoder?.embed(image)
        }
        // Kernels that oneDNN compiles and keeps for the whole process come on top: some 100 KB each.
        let estimate = memory.weights + memory.encoder
        #expect(measured < estimate + 4 << 20)
        #expect(estimate < 2 * measured)
    }
}
