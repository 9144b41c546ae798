import Checkpoints
import DatabaseReading
import StyleGAN
import Tensors
import TestSupport
import Testing

@testable import Editing

@Suite struct MapperFileTests {
    private let folder: TemporaryFolder
    private let generator: Generator
    private let records = (
        generator: WeightsRecord(name: "g", fingerprint: "a1"),
        clip: WeightsRecord(name: "c", fingerprint: "b2")
    )

    init() throws {
        folder = try TemporaryFolder()
        try TinyModels.writeGenerator(path: folder.file("generator.safetensors"))
        generator = try Generator(checkpoint: .open(path: folder.file("generator.safetensors")))
    }

    private func sizes(width: Int, resolution: Int) throws -> GeneratorConfiguration {
        let path = folder.file("other.safetensors")
        try TinyModels.writeGenerator(path: path, width: width, resolution: resolution)
        return try Generator.configuration(of: .open(path: path))
    }

    private func training(levels: [MapperLevel] = MapperLevel.levels) throws -> MapperTraining {
        try MapperTraining(
            MapperSettings(
                phrase: "a “tiger”", templates: ["{}"], levels: levels, learningRate: 0.5,
                distanceWeight: 0.8,
                batch: 2, seed: 3, truncation: 0.7), for: generator.configuration)
    }

    private func written(_ training: MapperTraining) throws -> String {
        let path = folder.file("a.mapper.safetensors")
        try MapperFile.write(training, generator: records.generator, clip: records.clip, path: path)
        return path
    }

    /// A file's tensors and metadata, changed.
    private func changed(
        _ path: String, _ change: (inout [String: Tensor], inout [String: String]) throws -> Void
    )
        throws -> String
    {
        let whole = try Checkpoint.open(path: path)
        var tensors = try Dictionary(uniqueKeysWithValues: whole.names.map { try ($0, whole.tensor($0)) })
        var metadata = whole.metadata
        try change(&tensors, &metadata)
        let other = folder.file("changed.safetensors")
        try SafetensorsFile.write(tensors, metadata: metadata, path: other)
        return other
    }

    @Test func aTrainingComesBackAsItWas() throws {
        let training = try training()
        let file = try MapperFile(path: written(training))
        #expect(try file.training(for: generator.configuration) == training)
        #expect(try file.mapper(for: generator.configuration) == training.mapper)
        #expect(file.phrase == "a “tiger”")
        #expect(file.record?.generator == records.generator)
        #expect(throws: MapperError.self) { try file.requireGenerator(records.clip) }
    }

    @Test(arguments: [("published.pt", ["coarse", "medium"]), ("single.pt", ["all"])])
    func publishedCheckpointsAreRead(name: String, levels: [String]) throws {
        let file = try MapperFile(path: MapperFixture.path(name))
        #expect(file.phrase == "surprised")
        #expect(file.levels.map(\.name) == levels)
        #expect((file.wDimension, file.resolution) == (9, 64))
        #expect(file.record == nil)
        let sizes = try sizes(width: 9, resolution: 64)
        let mapper = try file.mapper(for: sizes)
        #expect(mapper.levels.map(\.level.name) == levels)
        #expect(mapper.levels[0].weights[3].shape == [9, 9])
        #expect(try file.training(for: sizes) == nil)
        // The generator that lies beside the mapper is no part of it.
        #expect(mapper.tensors.allSatisfy { $0.name.hasPrefix("mapper.") })
    }

    @Test func anotherGeneratorsMapperIsRefused() throws {
        let file = try MapperFile(path: MapperFixture.path("published.pt"))
        #expect { try file.mapper(for: generator.configuration) } throws: {
            "\($0)".contains("its w's have 9 numbers")
        }
        #expect { try file.mapper(for: sizes(width: 9, resolution: 32)) } throws: {
            "\($0)".contains("pictures of 64 pixels")
        }
    }

    @Test func aTrainingThatWentAstrayReplacesNothing() throws {
        var training = try training()
        let path = try written(training)
        var memories = training.optimiser.memories
        memories[0].mean[0] = .nan
        training.optimiser = Ranger(steps: 1, memories: memories)
        #expect { try written(training) } throws: { "\($0)".contains("is not finite") }
        #expect(try MapperFile(path: path).training(for: generator.configuration)?.steps == 0)
    }

    @Test func whatIsMissingOrWrongIsNamed() throws {
        let path = try written(training())
        let name = "mapper.medium_mapping.mapping.2.bias"
        func expectFault(
            _ words: String, _ change: (inout [String: Tensor], inout [String: String]) throws -> Void
        ) throws {
            let other = try changed(path, change)
            #expect {
                let file = try MapperFile(path: other)
                _ = try file.training(for: generator.configuration)
            } throws: { error in
                #expect("\(error)".contains(words), "\(error)")
                return error is MapperError
            }
        }
        try expectFault("has no tensor named \(name)") { tensors, _ in tensors[name] = nil }
        try expectFault("has shape [3]") { tensors, _ in tensors[name] = Tensor([1, 2, 3]) }
        try expectFault("\(name) is not finite at 1") { tensors, _ in tensors[name]?[1] = .nan }
        try expectFault("has no tensor named ranger.mean.\(name)") { tensors, _ in
            tensors["ranger.mean." + name] = nil
        }
        try expectFault("has no tensor named mapper.medium_mapping.mapping.1.weight") { tensors, _ in
            tensors = tensors.filter { !$0.key.contains("medium") }
        }
        try expectFault("of all w's, and others") { tensors, _ in
            tensors["mapper.mapping.mapping.1.weight"] = Tensor([1])
        }
        try expectFault("its record cannot be read") { _, metadata in metadata["mapper"] = "{}" }
        try expectFault("steps") { _, metadata in
            metadata["mapper"] = metadata["mapper"]?.replacing("\"steps\":0", with: "\"steps\":-1")
        }
        try expectFault("has 1073741825 steps") { _, metadata in
            metadata["mapper"] = metadata["mapper"]?.replacing(
                "\"steps\":0", with: "\"steps\":\(1 << 30 + 1)")
        }
        try expectFault("batch is 0") { _, metadata in
            metadata["mapper"] = metadata["mapper"]?.replacing("\"batch\":2", with: "\"batch\":0")
        }
        try expectFault("no latent mapper") { tensors, _ in tensors = ["x": Tensor([1])] }
        try expectFault("codes of S") { tensors, _ in
            tensors = ["mapper.mapper_0.mapping.1.weight": Tensor([1])]
        }
        try expectFault("a square is needed") { tensors, _ in
            tensors["mapper.course_mapping.mapping.1.weight"] = Tensor([1])
        }
    }

    /// A checkpoint that says it has a level must have it.
    @Test func aLevelThatIsAnnouncedMustBeThere() throws {
        let whole = try Checkpoint.open(path: MapperFixture.path("published.pt"))
        #expect(whole.metadata["opts.no_medium_mapper"] == "false")
        let path = folder.file("part.safetensors")
        let names = whole.names.filter { $0.contains("course") }
        try SafetensorsFile.write(
            Dictionary(uniqueKeysWithValues: names.map { try ($0, whole.tensor($0)) }),
            metadata: whole.metadata,
            path: path)
        let file = try MapperFile(path: path)
        #expect { try file.mapper(for: sizes(width: 9, resolution: 64)) } throws: {
            "\($0)".contains("has no tensor named state_dict.mapper.medium_mapping")
        }
    }
}
