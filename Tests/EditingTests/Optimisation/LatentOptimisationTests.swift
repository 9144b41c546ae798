import CLIP
import Checkpoints
import NeuralLayers
import StyleGAN
import Tensors
import TestSupport
import Testing

@testable import Editing

@Suite struct LatentOptimisationTests {
    /// The reference is float64, and a walk of float32 keeps to it to the last bits of a loss as long as both lie on the
    /// same side of every kink (of ReLUs, and of the clamped picture). Where a small number crosses zero on one side only,
    /// Adam, which divides it by its own size, makes of that a step of full length: PyTorch's own float32 ends up to 1.6 %
    /// of the way from where its float64 does.
    @Test(arguments: ReferenceModels.allCases.filter(\.isPresent), LatentSpace.allCases)
    func lossesAndLatentsAreThoseOfPyTorch(models: ReferenceModels, space: LatentSpace) throws {
        let (generator, model) = try models.open()
        var settings = LatentOptimisation.Settings()
        settings.space = space
        settings.steps = 20
        let optimisation = LatentOptimisation(
            generator, model, text: try models.expected("text").values, settings: settings)
        let start = try models.expected("\(space.rawValue).start")
        let found = try optimisation.run(from: start, keeping: [20], workers: 1)[0]
        let losses = try models.expected("\(space.rawValue).losses").values
        #expect(found.values.count == losses.count)
        let errors = zip(found.values, losses).map { abs($0.loss - $1) }
        #expect(errors[..<9].allSatisfy { $0 < 1e-6 }, "\(errors)")
        #expect(errors.allSatisfy { $0 < 1e-3 }, "\(errors)")
        let last = try models.expected("\(space.rawValue).last")
        let error = Self.distance(found.onTheWay[0], last) / Self.distance(start, last)
        #expect(error < 5e-2, "\(error)")
    }

    private static func distance(_ one: Tensor, _ other: Tensor) -> Float {
        zip(one.values, other.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    // MARK: Properties

    /// Tiny models, three latents of theirs, and how to optimise them.
    private struct Subject {
        let generator: Generator
        let model: CLIPModel
        let text: [Float]

        init() throws {
            let folder = try TemporaryFolder()
            let (path, clip, merges) = (
                folder.file("g.safetensors"), folder.file("c.safetensors"), folder.file("m")
            )
            try TinyModels.writeGenerator(path: path, channels: 12)
            try TinyModels.writeCLIP(path: clip, merges: merges)
            generator = try Generator(checkpoint: .open(path: path))
            model = try CLIPModel.open(path: clip, merges: merges)
            text = try PromptEnsemble().embedding(of: "tig", by: model.textEncoder())
        }

        func starts(_ space: LatentSpace) throws -> Tensor {
            var random = NumPyRandomState(seed: 8)
            let z = try Tensor(random.gaussians(24), shape: [3, 8])
            return try space.codes(
                ofLatents: generator.latents(z: z, truncation: Truncation()), generator)
        }

        func optimisation(_ change: (inout LatentOptimisation.Settings) -> Void) -> LatentOptimisation {
            var settings = LatentOptimisation.Settings()
            settings.steps = 25
            change(&settings)
            return LatentOptimisation(generator, model, text: text, settings: settings)
        }
    }

    @Test(arguments: LatentSpace.allCases)
    func theResultIsTheBestOnTheWayAndNeverWorseThanTheStart(space: LatentSpace) throws {
        let subject = try Subject()
        let optimisation = subject.optimisation {
            $0.space = space
            // A wild walk: the last code need not be the best.
            $0.learningRate = 2
        }
        for latent in try optimisation.run(from: subject.starts(space), workers: 2) {
            #expect(latent.stepsTaken == 25)
            #expect(latent.best.loss == latent.values.map(\.loss).min())
            #expect(latent.best.loss <= latent.first.loss && latent.first.distance == 0)
            let objective = try LatentObjective(
                subject.generator, subject.model, space: space, text: subject.text,
                weight: optimisation.settings.distanceWeight)
            #expect(try objective.values(at: latent.code, from: latent.start) == [latent.best])
        }
    }

    @Test(arguments: LatentSpace.allCases)
    func similarityGrowsAndAHeavyWeightHoldsTheLatent(space: LatentSpace) throws {
        let subject = try Subject()
        var moved: [Float] = []
        for weight in [0, 0.02, 1e6] as [Float] {
            let optimisation = subject.optimisation {
                $0.space = space
                $0.distanceWeight = weight
            }
            let latents = try optimisation.run(from: subject.starts(space), workers: 1)
            #expect(latents.allSatisfy { $0.best.similarity >= $0.first.similarity })
            if weight == 0 {
                #expect(latents.allSatisfy { $0.best.similarity > $0.first.similarity + 0.01 })
            }
            moved.append(latents.reduce(0) { $0 + $1.best.distance })
        }
        #expect(moved[0] > moved[1] && moved[1] > 0 && moved[2] == 0, "\(moved)")
    }

    @Test func stylesOfToRGBLayersStayInS() throws {
        let subject = try Subject()
        let latents = try subject.optimisation { $0.space = .s }.run(from: subject.starts(.s), workers: 1)
        let latent = latents[1]
        for layer in subject.generator.styleSpace.layers {
            let stays = latent.code.values[layer.range] == latent.start.values[layer.range]
            #expect(stays == (layer.kind == .toRGB), "\(layer.name)")
        }
    }

    @Test func bitsDependNeitherOnThreadsNorOnCompany() throws {
        let subject = try Subject()
        let optimisation = subject.optimisation { $0.space = .wPlus }
        let starts = try subject.starts(.wPlus)
        let alone = try optimisation.run(from: starts, workers: 1)
        let together = try optimisation.run(from: starts, workers: 2)
        let second = try Tensor(starts.values[48..<96], shape: [1, 6, 8])
        let single = try optimisation.run(from: second, workers: 5)[0]
        for (one, other) in zip(alone + [alone[1]], together + [single]) {
            #expect(one.code.values.map(\.bitPattern) == other.code.values.map(\.bitPattern))
            #expect(one.values == other.values && one.step == other.step)
        }
    }

    @Test func whoeverObservesCanStopItBetweenTwoSteps() throws {
        let subject = try Subject()
        var seen: [[Int]] = []
        let found = try subject.optimisation { _ in }.run(from: subject.starts(.wPlus), workers: 2) {
            latents in
            seen.append(latents.map(\.stepsTaken))
            return seen.count < 5
        }
        #expect(found.map(\.stepsTaken) == [4, 4, 4])
        #expect(seen == (0...4).map { [$0, $0, $0] })
    }

    @Test func whatIsNoLatentOfTheGeneratorIsRefused() throws {
        let subject = try Subject()
        for codes in [Tensor(zeros: [2, 5, 8]), Tensor(zeros: [2, 96]), Tensor(zeros: [])] {
            #expect(throws: (any Error).self) {
                try subject.optimisation { _ in }.run(from: codes, workers: 1)
            }
        }
        #expect {
            try subject.optimisation { $0.steps = 0 }.run(from: subject.starts(.wPlus), workers: 1)
        } throws: {
            "\($0)".contains("steps is 0")
        }
    }

    @Test func aWalkOutOfTheFiniteNumbersIsNamedByLatentAndStep() throws {
        let subject = try Subject()
        let optimisation = subject.optimisation { $0.learningRate = 1e38 }
        #expect { try optimisation.run(from: subject.starts(.wPlus), workers: 1) } throws: {
            "\($0)".contains("after 2 steps") && "\($0)".contains("a smaller learning rate")
        }
    }
}
