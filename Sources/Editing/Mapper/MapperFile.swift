import Checkpoints
import DatabaseReading
import StyleGAN
import Tensors

/// A file of a latent mapper: ours, or a checkpoint that StyleCLIP's code wrote.
///
///     mapper.course_mapping.mapping.1.weight …    the mapper's tensors, by the published names
///     ranger.mean.…, ranger.square.…, ranger.slow.…    the optimiser's, for a training that goes on; ours only
///     __metadata__.mapper                         a `MapperRecord` in JSON; ours only
///
/// Of a published checkpoint (`state_dict`, `opts`) the generator that lies beside the mapper is never read.
public struct MapperFile: Sendable {
    /// The name of the record among a file's metadata.
    private static let recordName = "mapper"

    public let path: String
    /// nil for a published checkpoint.
    public let record: MapperRecord?
    /// What the mapper was trained for, where the file says.
    public let phrase: String?
    /// The levels that have a network.
    public let levels: [MapperLevel]
    /// Those that must have one, by what the file says of itself.
    private let announced: Set<MapperLevel>
    /// d, the width of w.
    public let wDimension: Int
    /// The height of the generator's pictures, where a published checkpoint says.
    public let resolution: Int?
    private let checkpoint: Checkpoint
    /// What stands before the published names.
    private let prefix: String

    /// Opens a file; no tensor is read.
    /// - Throws: `MapperError` that says what is missing or misshapen.
    public init(path: String) throws(MapperError) {
        try self.init(Self.reading { () throws(CheckpointError) in try Checkpoint.open(path: path) })
    }

    /// - Throws: as `init(path:)`.
    public init(_ checkpoint: Checkpoint) throws(MapperError) {
        self.checkpoint = checkpoint
        path = checkpoint.path
        prefix = checkpoint.names.contains { $0.hasPrefix("state_dict.mapper.") } ? "state_dict." : ""
        record = try checkpoint.metadata[Self.recordName].map { text throws(MapperError) in
            try MapperRecord(json: text, path: checkpoint.path)
        }
        phrase = record?.settings.phrase ?? checkpoint.metadata["opts.description"]
        resolution = checkpoint.metadata["opts.stylegan_size"].flatMap { Int($0) }
        levels = try Self.levels(checkpoint, prefix: prefix)
        announced = Self.announced(checkpoint, record)
        let first = prefix + LatentMapper.name(levels[0], 0, "weight")
        guard let shape = checkpoint.shape(of: first), shape.rank == 2, shape[0] == shape[1],
            (1...1 << 14).contains(shape[0])
        else {
            let found = checkpoint.shape(of: first).map(\.description) ?? "none"
            throw .notAMapper(path: path, reason: "\(first) has shape \(found) where a square is needed")
        }
        wDimension = shape[0]
    }

    private static func levels(_ checkpoint: Checkpoint, prefix: String) throws(MapperError) -> [MapperLevel]
    {
        func has(_ start: String) -> Bool { checkpoint.names.contains { $0.hasPrefix(prefix + start) } }
        let levels = MapperLevel.allCases.filter { has("mapper.\($0.rawValue).mapping.") }
        guard levels.isEmpty || levels.count > 1 && levels.contains(.all) else { return levels }
        throw .notAMapper(
            path: checkpoint.path,
            reason: !levels.isEmpty
                ? "it has a network of all w's, and others of some of them"
                : has("mapper.mapper_0.") || has("mapper.mapper_2.")
                    ? "it moves codes of S (work_in_stylespace); one of w+ is needed"
                    : "it holds \(CheckpointKind(checkpoint).description)")
    }

    private static func announced(_ checkpoint: Checkpoint, _ record: MapperRecord?) -> Set<MapperLevel> {
        if let record { return Set(record.settings.levels) }
        guard checkpoint.metadata["opts.mapper_type"] == "LevelsMapper" else { return [] }
        let options: [(MapperLevel, String)] = [
            (.coarse, "opts.no_coarse_mapper"), (.medium, "opts.no_medium_mapper"),
            (.fine, "opts.no_fine_mapper"),
        ]
        return Set(options.filter { checkpoint.metadata[$0.1] == "false" }.map(\.0))
    }

    /// The mapper, for a generator of these sizes.
    /// - Throws: `MapperError.misfit` where it is of another; `.weights`, `.notAMapper` where tensors are missing,
    ///   misshapen or not finite.
    public func mapper(for sizes: GeneratorConfiguration) throws(MapperError) -> LatentMapper {
        guard wDimension == sizes.wDimension else {
            throw .misfit(
                path: path, reason: "its w's have \(wDimension) numbers, the generator's \(sizes.wDimension)")
        }
        if let resolution, resolution != sizes.resolution {
            throw .misfit(
                path: path,
                reason:
                    "it was trained on pictures of \(resolution) pixels, the generator's have \(sizes.resolution)"
            )
        }
        let needed = MapperLevel.allCases.filter {
            (levels.contains($0) || announced.contains($0)) && !$0.latents(of: sizes.latentCount).isEmpty
        }
        guard !needed.isEmpty else {
            throw .misfit(path: path, reason: "the generator has no w's of the levels that it moves")
        }
        return LatentMapper(
            latentCount: sizes.latentCount, wDimension: wDimension,
            levels: try needed.map { level throws(MapperError) in
                LatentMapper.Level(
                    level: level,
                    weights: try (0..<LatentMapper.depth).map { layer throws(MapperError) in
                        try tensor(
                            prefix + LatentMapper.name(level, layer, "weight"), [wDimension, wDimension])
                    },
                    biases: try (0..<LatentMapper.depth).map { layer throws(MapperError) in
                        try tensor(prefix + LatentMapper.name(level, layer, "bias"), [wDimension])
                    })
            })
    }

    /// Throws `MapperError.misfit` where the file says that it was trained on another generator.
    public func requireGenerator(_ given: WeightsRecord) throws(MapperError) {
        guard let record, !record.generator.isSame(as: given) else { return }
        throw .misfit(path: path, reason: "it was trained on \(record.generator), and this is \(given)")
    }

    private func tensor(_ name: String, _ shape: Shape) throws(MapperError) -> Tensor {
        let tensor = try Self.reading { () throws(CheckpointError) in
            try checkpoint.tensor(name, shape: shape)
        }
        if let place = tensor.withUnsafeValues({ $0.firstIndex { !$0.isFinite } }) {
            throw .notAMapper(path: path, reason: "\(name) is not finite at \(place)")
        }
        return tensor
    }

    private static func reading<Result>(
        _ body: () throws(CheckpointError) -> Result
    ) throws(MapperError) -> Result {
        do throws(CheckpointError) { return try body() } catch { throw .weights(error) }
    }

    // MARK: Trainings

    private static let memories: [(prefix: String, part: WritableKeyPath<Ranger.Memory, Tensor> & Sendable)] =
        [
            ("ranger.mean.", \.mean), ("ranger.square.", \.square), ("ranger.slow.", \.slow),
        ]

    /// The training that the file stands in the middle of, or nil where it has none to go on with.
    /// - Throws: as `mapper(for:)`; `.notAMapper` where its record contradicts itself.
    public func training(for sizes: GeneratorConfiguration) throws(MapperError) -> MapperTraining? {
        guard let record else { return nil }
        let mapper = try mapper(for: sizes)
        let memories = try mapper.tensors.map { name, values throws(MapperError) in
            func part(_ prefix: String) throws(MapperError) -> Tensor {
                try tensor(prefix + name, values.shape)
            }
            return Ranger.Memory(
                mean: try part("ranger.mean."), square: try part("ranger.square."),
                slow: try part("ranger.slow."))
        }
        return MapperTraining(
            settings: record.settings, mapper: mapper,
            optimiser: Ranger(steps: record.steps, memories: memories))
    }

    /// Writes a training, whole or not at all; what it writes is a mapper to be applied as well.
    /// - Throws: `MapperError.diverged` where a number is not finite, and what is there stays; `.weights` where the system
    ///   refuses.
    public static func write(
        _ training: MapperTraining, generator: WeightsRecord, clip: WeightsRecord, path: String
    ) throws {
        let record = MapperRecord(
            settings: training.settings, steps: training.steps, generator: generator, clip: clip)
        var tensors = Dictionary(uniqueKeysWithValues: training.mapper.tensors.map { ($0.name, $0.values) })
        for (place, parameter) in training.mapper.tensors.enumerated() {
            let memory = training.optimiser.memories[place]
            for (prefix, part) in memories { tensors[prefix + parameter.name] = memory[keyPath: part] }
        }
        for (name, tensor) in tensors where !tensor.withUnsafeValues({ $0.allSatisfy(\.isFinite) }) {
            throw MapperError.diverged(step: training.steps, reason: "\(name) is not finite")
        }
        let metadata = [recordName: try record.json()]
        try reading { () throws(CheckpointError) in
            try SafetensorsFile.write(tensors, metadata: metadata, path: path)
        }
    }
}
