import Foundation

/// The reference cases made by the public implementations, beside the project at `../shared/conformance`.
///
/// Suites that need them carry `.enabled(if: Conformance.isPresent)`, so that a checkout without them says so and
/// skips.
public enum Conformance {
    /// The folder, found from this file's own place.
    public static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared/conformance")

    public static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    /// The path of a file, named relative to the folder.
    public static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}
