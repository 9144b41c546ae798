import Foundation
import TestSupport
import Testing

/// `build-relevance --method gradient`, and what a query says of its table.
@Suite struct GradientCommandTests {
    private let tiny: TinyStore

    init() throws { tiny = try TinyStore() }

    private func build(_ arguments: [String]) throws -> RunningCommand.Result {
        try RunningCommand.run("build-relevance", tiny.models + tiny.store + TinyStore.short + arguments)
    }

    @Test func aTableFromGradientsIsBuiltComparedAndSaidToBeOne() throws {
        let built = try build(["--method", "gradient", "--verify", "9", "--json"])
        #expect(built.status == 0, "\(built.error)")
        let line = try #require(built.output.split(separator: "\n").last)
        let result = try #require(
            JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(result["method"] as? String == "gradient")
        let agreement = try #require(result["agreement"] as? [String: Any])
        #expect(agreement["images"] as? Int == 2)
        #expect((agreement["layers"] as? [Any])?.count == 5)

        let answer = try RunningCommand.run("query-direction", ["tiger", "--beta", "0"] + tiny.store)
        #expect(answer.status == 0, "\(answer.error)")
        #expect(answer.output.contains("from gradients of 2 images, median cosine to true pairs"))

        // More images are added, a layer is taken from pairs, and pairs are kept apart.
        let more = try build(["--method", "gradient", "--verify", "0", "--pairs", "3"])
        #expect(more.status == 0, "\(more.error)")
        #expect(more.output.contains("derivatives of 3 images") && more.output.contains("not compared"))
        let repaired = try build(["--method", "gradient", "--pairs", "3", "--repair", "b8.conv0"])
        #expect(repaired.status == 0 && repaired.output.contains("from pairs: b8.conv0"), "\(repaired.error)")
        expectRefusal(try build(["--quiet"]), 65, saying: "method is gradient there and pairs here")
    }

    @Test func aSketchOfMoreDirectionsThanThereAreIsRefused() throws {
        expectRefusal(
            try build(["--method", "gradient", "--sketch", "9", "--quiet"]), 64, saying: "--sketch is 9",
            "8 directions")
    }

    @Test func aDirectionIsFoundWithoutATable() throws {
        let answer = try RunningCommand.run(
            "query-direction",
            ["tiger", "--direct", "--images", "3", "--beta", "0", "--json"] + tiny.models)
        #expect(answer.status == 0, "\(answer.error)")
        let result = try #require(
            JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
        #expect(result["method"] as? String == "direct" && result["pairs"] as? Int == 3)
        #expect(result["channels"] as? Int == 40)
    }

    @Test(arguments: [
        ["tiger", "--images", "3"], ["tiger", "--direct", "--images", "1"],
        ["tiger", "--direct", "--store", "x"], ["tiger", "--generator", "x.pkl"],
    ])
    func whatIsOfDirectAnswersAloneIsAMatterOfUsage(arguments: [String]) throws {
        for command in ["query-direction"] {
            expectRefusal(try RunningCommand.run(command, arguments), 64, saying: "--")
        }
    }

    @Test(arguments: [
        ["--method", "slopes"], ["--verify", "3"], ["--repair", "b8.conv0"], ["--sketch", "2"],
        ["--method", "gradient", "--verify", "-1"], ["--method", "gradient", "--sketch", "0"],
        ["--method", "gradient", "--centre", "mean"], ["--method", "gradient", "--repair", "b8.torgb"],
    ])
    func whatMakesNoSenseIsAMatterOfUsage(arguments: [String]) throws {
        expectRefusal(try build(arguments + ["--quiet"]), 64, saying: "build-relevance: ")
    }
}
