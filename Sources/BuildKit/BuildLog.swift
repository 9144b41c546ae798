import ArgumentParser
import CommandKit
import Logging

/// What a build logs, in plain lines on standard error: `debug: unit swept images=4..<8 layer=b16.conv1`.
public struct BuildLog: LogHandler {
    /// From what importance on events are logged, as it is typed.
    public enum Threshold: String, CaseIterable, ExpressibleByArgument, Sendable {
        /// Every unit of work.
        case debug
        /// Stages.
        case info
        /// What may need looking after.
        case warning

        var level: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            }
        }
    }

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let write: @Sendable (String) -> Void

    /// - Parameter write: Takes a line without its end; standard error unless told otherwise.
    public init(
        level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = { StandardStream.error.writeLine($0) }
    ) {
        logLevel = level
        self.write = write
    }

    /// A logger that writes here.
    public static func logger(from threshold: Threshold) -> Logger {
        Logger(label: "build") { _ in BuildLog(level: threshold.level) }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let line = "\(event.level): \(event.message)" + facts.map { " \($0.key)=\($0.value)" }.joined()
        write(Terminal.printable(line, limit: 1000))
    }
}
