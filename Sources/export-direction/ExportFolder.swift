import CommandKit
import Foundation

/// A folder of exported directions, a file each.
final class ExportFolder {
    private let path: String
    private let format: DirectionFile.Format
    private var names: Set<String> = []
    private var failed = 0

    /// Makes the folder where it is not there.
    /// - Throws: `OptionError` where it cannot be.
    init(path: String, format: DirectionFile.Format) throws(OptionError) {
        guard !path.isEmpty else { throw OptionError("--output is empty; it names a folder") }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw OptionError(
                "the folder \(path) cannot be made: \(error.localizedDescription)", exitStatus: .cannotCreate)
        }
        self.path = path
        self.format = format
    }

    /// Writes an answer's file, named after the direction; says on standard error why there is none.
    func write(_ name: String, _ answer: Result<DirectionAnswer, any Error>) throws {
        switch answer {
        case .success(let answer):
            try DirectionFile(answer).write(path: path + "/" + fileName(name), format: format)
        case .failure(let error):
            failed += 1
            StandardStream.error.writeLine(Terminal.printable("\(name): \(error)"))
        }
    }

    /// - Throws: `OptionError` where a direction could not be written.
    func finish(quiet: Bool) throws(OptionError) {
        if !quiet { StandardStream.error.writeLine("\(Terminal.printable(path)): \(names.count) files") }
        guard failed == 0 else {
            throw OptionError(
                "\(failed) of \(names.count + failed) directions could not be made; the lines above say why",
                exitStatus: .badData)
        }
    }

    /// A name of its own for each: "smile.npz", "smile-2.npz".
    private func fileName(_ name: String) -> String {
        var number = 1
        while true {
            let suffix = number == 1 ? "" : " \(number)"
            let file = OutputFile.name(for: String(name.prefix(50)) + suffix, ending: format.rawValue)
            if names.insert(file).inserted { return file }
            number += 1
        }
    }
}
