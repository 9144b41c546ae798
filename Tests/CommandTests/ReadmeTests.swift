import Foundation
import TestSupport
import Testing

/// What the README tells people to type does what it says.
@Suite struct ReadmeTests {
    private static let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("README.md")
    private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"].flatMap {
        FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil
    }

    /// The first block of Python under a heading.
    private func snippet(under heading: String) throws -> String {
        let text = try String(contentsOf: Self.readme, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "### \(heading)\n").dropFirst().first)
        let parts = section.components(separatedBy: "```")
        let code = try #require(parts.dropFirst().first)
        try #require(code.hasPrefix("python\n"))
        return String(code.dropFirst("python\n".count))
    }

    /// A generator as NVIDIA's code builds it, as far as the snippet touches it: blocks of layers, each with an affine
    /// layer that takes forward hooks.
    private static let generator = """
        import json, sys, numpy
        expected = json.load(open(sys.argv[1]))["layers"]
        class Styles(numpy.ndarray):
            def new_tensor(self, values): return numpy.array(values)
        class Node: pass
        class Affine:
            def __init__(self, width): self.width, self.hooks = width, []
            def register_forward_hook(self, hook):
                self.hooks.append(hook)
                handle = Node()
                handle.remove = lambda: self.hooks.remove(hook)
                return handle
            def __call__(self, w):
                styles = numpy.full((2, self.width), 0.5, numpy.float32).view(Styles)
                for hook in self.hooks: styles = hook(self, (w,), styles)
                return styles
        class Synthesis:
            def __call__(self, w, noise_mode):
                return {name: getattr(getattr(self, name.split(".")[0]), name.split(".")[1]).affine(w) for name in expected}
        class G: synthesis = Synthesis()
        w = None
        for name, change in expected.items():
            block, layer = name.split(".")
            if not hasattr(G.synthesis, block): setattr(G.synthesis, block, Node())
            setattr(getattr(G.synthesis, block), layer, Node())
            getattr(getattr(G.synthesis, block), layer).affine = Affine(len(change))

        """

    private static let check = """

        for name, change in expected.items():
            assert picture[name].shape == (2, len(change)), name
            assert numpy.allclose(picture[name], 0.5 + alpha * numpy.array(change), atol=1e-6), name
            assert not getattr(getattr(G.synthesis, name.split(".")[0]), name.split(".")[1]).affine.hooks, name
        assert alpha == 4 and any(any(change) for change in expected.values())
        print("same", len(expected))
        """

    @Test(.enabled(if: ReadmeTests.python != nil))
    func theSnippetMovesTheStylesOfAnNVIDIAGenerator() throws {
        let tiny = try TinyStore.built()
        let folder = try TemporaryFolder()
        for format in ["npz", "json"] {
            let export = try RunningCommand.run(
                "export-direction",
                ["tig", "--beta", "0.1", "--output", folder.file("tiger.\(format)")] + tiny.store)
            #expect(export.status == 0, "\(export.error)")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.python ?? "/")
        let code = try Self.generator + snippet(under: "A direction in an NVIDIA generator") + Self.check
        process.arguments = ["-c", code, folder.file("tiger.json")]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && output == "same 8\n")
    }
}
