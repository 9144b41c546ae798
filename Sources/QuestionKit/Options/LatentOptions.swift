import ArgumentParser

/// Which faces are drawn, where they are not a seed's.
public struct LatentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Draw the faces of a file instead of a seed's: w, w+ or s as .npy, .npz, .pt or .pkl.",
            discussion: "As inversion tools write them: w_plus.npy, latents.pt, NVIDIA's projected_w.npz.",
            valueName: "file"),
        completion: .file())
    public var latents: String?

    public init() {}

    /// Throws where a file is named and no faces are drawn.
    /// - Parameter condition: When they would be: "it goes with …".
    public func require(_ areDrawn: Bool, _ condition: String) throws {
        guard latents == nil || areDrawn else {
            throw ValidationError("--latents names faces to draw; it goes with \(condition)")
        }
    }
}
