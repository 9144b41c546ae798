import Checkpoints
import Foundation
import StyleGAN
import TestSupport
import Testing

@testable import Editing

/// Damaged mappers end in an error or in other numbers, never in a trap.
@Suite struct HostileMapperTests {
    @Test(arguments: ["published.pt", "single.pt", "ours"]) func mutatedMappersNeverTrap(name: String) throws
    {
        let folder = try TemporaryFolder()
        let path = folder.file("mapper")
        try TinyModels.writeGenerator(path: folder.file("generator"), width: 9, resolution: 64)
        let sizes = try Generator.configuration(of: .open(path: folder.file("generator")))
        if name == "ours" {
            let settings = try MapperSettings(
                phrase: "tiger", templates: ["{}"], levels: [.coarse, .fine], learningRate: 0.5,
                distanceWeight: 0.8,
                batch: 2, seed: 0, truncation: 0.7)
            try MapperFile.write(
                MapperTraining(settings, for: sizes), generator: .unknown, clip: .unknown, path: path)
        } else {
            try FileManager.default.copyItem(atPath: MapperFixture.path(name), toPath: path)
        }
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(try MapperFile(path: path).mapper(for: sizes).wDimension == 9)
        var mutator = Mutator(seed: 30)
        // A file on a disk each: a tenth of what is read in memory elsewhere.
        for _ in 0..<Mutator.count / 10 {
            let bytes = mutator.mutated(whole)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let peak = peakAllocation {
                let file = try? MapperFile(path: path)
                _ = try? file?.mapper(for: sizes)
                _ = try? file?.training(for: sizes)
            }
            #expect(peak < 64 * bytes.count + 1 << 24)
        }
    }
}
