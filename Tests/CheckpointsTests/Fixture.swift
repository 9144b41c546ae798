import Foundation

/// The files that `Tools/Fixtures/make_checkpoints.py` made.
enum Fixture {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("Fixtures")

    static let names = [
        "arrays-2.pkl", "arrays-4.pkl", "arrays-5.pkl", "deflated.npz", "deflated.pt", "deflated-zip64.pt",
        "fortran.npy", "legacy.pt", "legacy-4.pt",
        "nvidia-2.pkl", "nvidia-3.pkl", "nvidia-4.pkl", "nvidia-5.pkl", "script.pt", "state.pt", "zip64.npz",
    ]

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }
}
