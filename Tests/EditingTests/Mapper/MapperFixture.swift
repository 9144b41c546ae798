import Checkpoints
import Foundation
import Tensors

@testable import Editing

/// What `Tools/Fixtures/make_mapper.py` made by StyleCLIP's own code.
enum MapperFixture {
    static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").appendingPathComponent(name).path
    }

    /// The mapper of all three levels, whose w's have 37 numbers.
    static func mapper(_ fixture: Checkpoint) throws -> LatentMapper {
        LatentMapper(
            latentCount: 10, wDimension: 37,
            levels: try MapperLevel.levels.map { level in
                let layers = 0..<LatentMapper.depth
                return LatentMapper.Level(
                    level: level,
                    weights: try layers.map { try fixture.tensor(LatentMapper.name(level, $0, "weight")) },
                    biases: try layers.map { try fixture.tensor(LatentMapper.name(level, $0, "bias")) })
            })
    }
}
