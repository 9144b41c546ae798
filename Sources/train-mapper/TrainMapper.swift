import ArgumentParser
import CommandKit
import Editing
import Foundation
import StyleGAN

@main struct TrainMapper: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-mapper",
        abstract: "Train a latent mapper for a phrase: one training, then an edit that depends on the face.",
        discussion: """
            A mapper (StyleCLIP, section 5) takes a face's latents w to the step that
            makes the face more like the phrase. Training draws faces of a seed and
            asks CLIP how near they come; apply-mapper then edits any face in one pass.
            The published loss has a third term, which keeps the identity of
            photographed faces by a face recognition network: it is not built.

            A training may be stopped at any moment; the same command goes on with it,
            and more --steps train a finished one further.

            Examples:
              train-mapper "tiger"                          tiger.mapper.safetensors
              train-mapper "smiling animal" --no-fine --l2 1.5 --output smile.mapper.safetensors
              train-mapper "curly hair" --generator ffhq.pkl --clip ViT-B-32.pt --steps 50000
            """,
        version: ProgramVersion.current)

    /// What to do with a training that is there.
    enum Start: String, EnumerableFlag {
        case resume, restart

        static func help(for value: Start) -> ArgumentHelp? {
            switch value {
            case .resume: "Go on with the training that is there, if one is."
            case .restart: "Train anew, in the place of the mapper that is there."
            }
        }
    }

    @Argument(help: "What faces are to become, for example \"tiger\".")
    var phrase: String

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var options: MapperOptions

    @OptionGroup var text: TextOptions

    @Flag(exclusivity: .exclusive)
    var start = Start.resume

    @Option(
        parsing: .unconditional,
        help: "Threads that take the faces of a batch side by side. Default: one a processor.")
    var threads: Int?

    @Option(
        parsing: .unconditional,
        help: "Steps from one look at faces that are held out to the next; 0 for the last step only.")
    var evaluateEvery = 500

    @Option(
        parsing: .unconditional,
        help: "Steps from one writing of the file to the next. Default: those of ten seconds.")
    var saveEvery: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write. Default: named after the phrase.", valueName: "name.mapper.safetensors"),
        completion: .file())
    var output: String?

    @Flag(help: "Say nothing on the way.")
    var quiet = false

    @Flag(help: "Progress and result as lines of JSON.")
    var json = false

    func validate() throws {
        try DirectionOptions.requireVisible(phrase, as: "the phrase")
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
        guard evaluateEvery >= 0 else {
            throw ValidationError("--evaluate-every is \(evaluateEvery); it must not be negative")
        }
        if let saveEvery, saveEvery < 1 {
            throw ValidationError("--save-every is \(saveEvery); it must be from 1 on")
        }
        if let output, !output.hasSuffix(".safetensors") {
            throw ValidationError("--output \(output) must end in .safetensors")
        }
        do {
            _ = try options.settings(phrase: phrase, templates: [])
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() throws {
        let began = ContinuousClock.now
        InterruptMonitor.start()
        let path = output ?? OutputFile.name(for: phrase, ending: "mapper.safetensors")
        try OutputFile.require(path)
        let (generator, generatorRecord) = try generator.open()
        let (model, clipRecord) = try clip.open()
        let settings = try options.settings(phrase: phrase, templates: text.loadTemplates())
        let keeper = MapperKeeper(path: path, generator: generatorRecord, clip: clipRecord)
        let training =
            try start == .restart
            ? MapperTraining(settings, for: generator.configuration)
            : keeper.training(settings, for: generator.configuration)

        let memory = { MapperTrainer.memoryBytes(training, generator, model, threads: $0) }
        let threads = try threads(memory)
        let talk = MapperTalk(path: path, phrase: phrase, quiet: quiet, json: json)
        talk.announce(
            training, remark: clip.remarkOnWords(of: phrase), steps: options.steps, threads: threads,
            memory: memory(threads))
        let trainer = try MapperTrainer(
            training, generator, model, phrase: text.embedding(of: phrase, by: model), threads: threads)
        try train(trainer, keeper, talk)
        try talk.conclude(trainer, evaluation: trainer.evaluation(), took: .now - began)
    }

    /// As many threads as were asked for or, left to us, one a processor as far as what is free goes; no more than faces of a
    /// batch.
    /// - Throws: `OptionError` where it does not go as far.
    private func threads(_ memory: (Int) -> Int) throws(OptionError) -> Int {
        let most = min(options.batch, threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount))
        var chosen = most
        if threads == nil, let free = ProcessMemory.available {
            chosen = (1...most).last { ProcessMemory.growth(networks: memory($0)) <= free } ?? 1
        }
        try ProcessMemory.requireFree(networks: memory(chosen), threads: chosen)
        return chosen
    }

    private func train(_ trainer: MapperTrainer, _ keeper: MapperKeeper, _ talk: MapperTalk) throws {
        let first = trainer.steps
        let began = ContinuousClock.now
        var kept = began
        while trainer.steps < options.steps {
            if InterruptMonitor.isInterrupted {
                try keeper.keep(trainer.training)
                talk.finish()
                throw Interruption(
                    "stopped after \(trainer.steps) of \(options.steps) steps; the same command goes on from there"
                )
            }
            _ = try trainer.step()
            let now = ContinuousClock.now
            if saveEvery.map({ trainer.steps.isMultiple(of: $0) }) ?? (now - kept > MapperKeeper.interval) {
                try keeper.keep(trainer.training)
                kept = now
            }
            talk.report(
                trainer.steps, of: options.steps,
                rate: Double(trainer.steps - first) / ((now - began) / .seconds(1)))
            if evaluateEvery > 0, trainer.steps.isMultiple(of: evaluateEvery), trainer.steps < options.steps {
                talk.report(try trainer.evaluation(), at: trainer.steps)
            }
        }
        if trainer.steps > first { try keeper.keep(trainer.training) }
    }
}
