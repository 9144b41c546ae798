import Foundation
import Synchronization

/// A new, empty folder that goes with its last owner, or with the process where that one is a constant.
public final class TemporaryFolder: Sendable {
    /// Those that are there.
    private static let paths = Mutex<Set<String>>([])
    private static let removesAtExit: Void = {
        atexit { for path in TemporaryFolder.paths.withLock({ $0 }) { TemporaryFolder.remove(path) } }
    }()

    public let path: String

    public init() throws {
        _ = Self.removesAtExit
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "direction-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let path = url.path
        self.path = path
        Self.paths.withLock { _ = $0.insert(path) }
    }

    /// The path of a file in the folder.
    public func file(_ name: String) -> String { path + "/" + name }

    deinit {
        Self.remove(path)
        Self.paths.withLock { [path] in _ = $0.remove(path) }
    }

    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
