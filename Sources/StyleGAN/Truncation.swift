/// How far sampled latents keep from the mean latent: w' = w̄ + ψ (w − w̄) for the first w's of w+.
public struct Truncation: Hashable, Sendable {
    /// ψ: 1 keeps w as it is, 0 gives the mean.
    public let psi: Float
    /// The number of leading w's that are truncated.
    public let cutoff: Int

    public init(psi: Float = 0.7, cutoff: Int = 8) {
        self.psi = psi
        self.cutoff = cutoff
    }

    /// Latents as the mapping network gives them.
    public static let none = Truncation(psi: 1, cutoff: 0)
}
