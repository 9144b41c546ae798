import ArgumentParser
import Glibc

/// A command of this project: parsed, run, and ended with one or two lines on standard error where it cannot go on.
public protocol DirectionCommand: ParsableCommand {}

extension DirectionCommand {
    public static func main() {
        // Swift puts a replacement character where an argument is not UTF-8, and would ask for another phrase.
        if let bad = InvalidText.inArguments() {
            say("argument \(bad.argument): the byte at offset \(bad.offset) is not UTF-8")
            Glibc.exit(ExitStatus.usage.rawValue)
        }
        // A file that may not grow is an error of the write that says so, not the end without a word.
        signal(SIGXFSZ, SIG_IGN)
        Glibc.exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    /// Runs the command with these arguments and says how it ended; help goes to standard output.
    public static func run(_ arguments: [String]) -> ExitStatus {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            return .success
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        if let error = error as? Interruption {
            say(error.description)
            return .interrupted
        }
        if let error = error as? any ExitingError {
            say("\(error)")
            return error.exitStatus
        }
        switch exitCode(for: error) {
        case .success:
            // Help, the version, a completion script: what was asked for.
            do {
                try StandardStream.output.write(fullMessage(for: error) + "\n")
                return .success
            } catch {
                return report(error)
            }
        case .validationFailure:
            let text = message(for: error)
            // The parser knows words, no phrases.
            let isSplit = text.contains("nexpected argument") && helpMessage().contains("phrase>")
            say(text + (isSplit ? "; a phrase of several words stands in quotes: \"curly hair\"" : ""))
            StandardStream.error.writeLine("Run '\(commandName) --help' for the options and examples.")
            return .usage
        default:
            say("\(error)")
            return .ownFault
        }
    }

    /// `name: message` in one line; where the message quotes what was given, without its control characters.
    private static func say(_ message: String) {
        let name = Terminal.coloured("\(commandName):", .red, where: Terminal.allowsColour(STDERR_FILENO))
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        StandardStream.error.writeLine("\(name) \(Terminal.printable(line, limit: 1000))")
    }

    static var commandName: String { configuration.commandName ?? String(describing: self).lowercased() }
}
