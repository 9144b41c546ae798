import Checkpoints
import Foundation
import Pictures
import TestSupport
import Testing

/// train-mapper and apply-mapper, as a shell runs them, on tiny models.
@Suite struct MapperCommandTests {
    private let tiny: TinyStore

    init() throws { tiny = try TinyStore() }

    private func train(_ output: String, steps: Int = 40, more: [String] = []) throws -> RunningCommand.Result
    {
        try run("train-mapper", arguments(output, steps: steps) + more)
    }

    private func arguments(_ output: String, steps: Int) -> [String] {
        ["tiger", "--steps", "\(steps)", "--output", tiny.file(output), "--threads", "2"] + tiny.models
    }

    private func bytes(_ name: String) throws -> Data {
        try #require(FileManager.default.contents(atPath: tiny.file(name)))
    }

    @Test func aMapperIsTrainedAndApplied() throws {
        let trained = try train("a.safetensors", more: ["--json", "--evaluate-every", "20"])
        #expect(trained.status == 0, "\(trained.error)")
        let result = try #require(try trained.objects().last)
        #expect(result["steps"] as? Int == 40)
        #expect(result["phrase"] as? String == "tiger")
        #expect(trained.error.contains("\"stage\":\"evaluation\",\"steps\":20"))

        let applied = try run(
            "apply-mapper",
            [
                tiny.file("a.safetensors"), "--generator", tiny.file("generator.safetensors"), "--faces", "3",
                "--strengths", "0", "1", "--output", tiny.file("a.png"), "--save-latents", tiny.file("w.npy"),
                "--json",
            ])
        #expect(applied.status == 0, "\(applied.error)")
        #expect(try applied.objects()[0]["faces"] as? Int == 3)
        #expect(try NumPyFile.read(path: tiny.file("w.npy")).shape == [3, 6, 8])
        #expect(try Picture.read(path: tiny.file("a.png")).width > 3 * 128)

        // What was saved is read again as faces, and as latents wherever those are drawn.
        let again = try run(
            "apply-mapper",
            [
                tiny.file("a.safetensors"), "--generator", tiny.file("generator.safetensors"), "--latents",
                tiny.file("w.npy"), "--output", tiny.file("b.png"), "--json",
            ])
        #expect(try again.objects()[0]["faces"] as? Int == 3, "\(again.error)")
    }

    @Test func inspectCheckpointSaysWhatAMapperIs() throws {
        _ = try train("a.safetensors", steps: 3)
        let said = try run("inspect-checkpoint", [tiny.file("a.safetensors")]).output
        for line in [
            "holds     a latent mapper", "phrase: tiger", "levels: coarse medium", "steps: 3", "apply-mapper",
        ] {
            #expect(said.contains(line), "\(said)")
        }
    }

    @Test func anInterruptedTrainingSaysHowToGoOn() throws {
        let running = try RunningCommand("train-mapper", arguments("a.safetensors", steps: 1_000_000))
        #expect(running.wait { running.error.contains("training") })
        running.send(SIGINT)
        let result = running.wait()
        #expect(result.status == 130)
        #expect(result.error.contains("the same command goes on from there"))
        let record = try run("inspect-checkpoint", [tiny.file("a.safetensors"), "--json"]).objects()[0]
        let steps = try #require((record["sizes"] as? [String: String])?["steps"].flatMap { Int($0) })
        #expect(result.error.contains("stopped after \(steps) of"))
    }

    @Test func moreStepsGoOnAndFewerAreDone() throws {
        _ = try train("a.safetensors", steps: 10)
        let more = try train("a.safetensors", steps: 20, more: ["--json"])
        #expect(try more.objects().last?["steps"] as? Int == 20)
        _ = try train("b.safetensors", steps: 20)
        #expect(try bytes("a.safetensors") == bytes("b.safetensors"))
        #expect(try train("a.safetensors", steps: 5, more: ["--json"]).objects().last?["steps"] as? Int == 20)
    }

    @Test func anotherTrainingsFileIsNotOverwritten() throws {
        _ = try train("a.safetensors", steps: 3)
        let before = try bytes("a.safetensors")
        expectRefusal(
            try train("a.safetensors", steps: 3, more: ["--seed", "9", "--l2", "2"]), 65,
            saying: "--l2, --seed differ", "--restart")
        #expect(try bytes("a.safetensors") == before)
        #expect(try train("a.safetensors", steps: 3, more: ["--seed", "9", "--restart"]).status == 0)
        #expect(try bytes("a.safetensors") != before)
    }

    @Test func badRequestsAreRefused() throws {
        expectRefusal(try train("a.safetensors", steps: 0), 64, saying: "--steps is 0")
        expectRefusal(try train("a.safetensors", more: ["--batch", "0"]), 64, saying: "batch is 0")
        expectRefusal(
            try train("a.safetensors", more: ["--no-coarse", "--no-medium", "--no-fine"]), 64,
            saying: "at least one of coarse")
        // The tiny generator has six w's: no fine ones.
        expectRefusal(
            try train("a.safetensors", more: ["--no-coarse", "--no-medium"]), 64,
            saying: "some of the generator's 6 w's")
        expectRefusal(try train("no/such/folder.safetensors"), 73, saying: "no folder")
        expectRefusal(
            try run("apply-mapper", [tiny.file("clip.safetensors")] + tiny.models.prefix(2)), 65,
            saying: "no latent mapper", "a CLIP")
        expectRefusal(try run("apply-mapper", [tiny.file("none.pt")]), 66, saying: "no such file")
        _ = try train("a.safetensors", steps: 3)
        expectRefusal(
            try run("apply-mapper", [tiny.file("a.safetensors")]), 65, saying: "trained on", "SHA-256")
    }
}
