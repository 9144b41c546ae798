import CLIP
import Checkpoints
import NeuralLayers
import Relevance
import StyleGAN
import Tensors
import TestSupport
import Testing

@testable import RelevanceDatabase

/// What a build is said to take, beside what this thread allocates for a worker of its own.
@Suite struct ModelSubjectTests {
    @Test(arguments: [false, true], [TableMethod.pairs, .gradient])
    func theEstimateOfMemoryHoldsAndIsClose(isResNet: Bool, method: TableMethod) throws {
        Threads.limit(to: 1)
        let folder = try TemporaryFolder()
        let (path, merges) = (folder.file("clip.safetensors"), folder.file("merges.txt"))
        if isResNet {
            try TinyModels.writeResidualCLIP(
                path: path, merges: merges, width: 24, blocks: [1, 1, 1, 1], side: 3)
        } else {
            try TinyModels.writeCLIP(path: path, merges: merges, image: (width: 192, layers: 3))
        }
        try TinyModels.writeGenerator(path: folder.file("generator.safetensors"), channels: 40)
        let generator = try Generator(checkpoint: .open(path: folder.file("generator.safetensors")))
        let subject = try ModelSubject(
            generator: generator, model: CLIPModel.open(path: path, merges: merges), method: method)
        let settings = try SweepSettings(statisticsSamples: 2)
        let count = generator.styleSpace.count
        let statistics = try StyleStatistics(
            mean: [Float](repeating: 0, count: count), deviation: [Float](repeating: 1, count: count))
        var worker: (any SweepWorker)?
        let measured = try peakAllocation {
            let made = try subject.makeWorker(settings: settings, threads: 1)
            worker = made
            if method == .pairs {
                _ = try made.sums(
                    layer: 0, channels: Array(0..<16), images: 0..<1, statistics: statistics)
            } else {
                _ = try made.derivatives(layers: [0], image: 0)
            }
        }
        #expect(worker != nil)
        // Kernels that oneDNN compiles and keeps for the whole process come on top: some 100 KB each.
        let estimate = subject.memory(threads: 1)
        #expect(measured < estimate + 4 << 20)
        #expect(estimate < 3 * measured)
        print("\(method), \(isResNet ? "ResNet" : "transformer"): \(measured) of \(estimate) bytes")
    }
}
