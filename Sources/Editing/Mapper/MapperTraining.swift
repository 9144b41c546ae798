import StyleGAN
import Tensors

/// A training as it stands between two steps: everything that the next step depends on.
public struct MapperTraining: Equatable, Sendable {
    public let settings: MapperSettings
    public internal(set) var mapper: LatentMapper
    var optimiser: Ranger

    /// The steps that were taken.
    public var steps: Int { optimiser.steps }

    init(settings: MapperSettings, mapper: LatentMapper, optimiser: Ranger) {
        self.settings = settings
        self.mapper = mapper
        self.optimiser = optimiser
    }

    /// Before the first step.
    /// - Throws: `MapperError.setting` where the generator has no w's for any of the levels; `ShapeError`.
    public init(_ settings: MapperSettings, for sizes: GeneratorConfiguration) throws {
        mapper = try LatentMapper(
            seed: settings.weightsSeed, levels: settings.levels, latentCount: sizes.latentCount,
            wDimension: sizes.wDimension)
        guard !mapper.levels.isEmpty else {
            throw MapperError.setting(
                name: "levels", value: settings.levels.map(\.name).joined(separator: ", "),
                needed: "some of the generator's \(sizes.latentCount) w's; fine ones begin at the ninth")
        }
        self.settings = settings
        optimiser = Ranger(mapper.tensors.map(\.values))
    }
}
