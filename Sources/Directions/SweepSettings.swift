/// How a sweep perturbs style channels and samples images: what must be equal for sums to be added up.
public struct SweepSettings: Hashable, Sendable, Codable {
    /// The point from which a channel is moved to either side.
    public enum Centre: String, Hashable, Sendable, Codable, CaseIterable {
        /// The image's own style s_c, as in the paper.
        case sample
        /// The mean style μ_c, as in the released code.
        case mean
    }

    /// Images a channel, where nothing else is asked for.
    public static let defaultPairs = 100

    /// The most pairs a channel can have: what sums in fixed point hold.
    public static let pairLimit: Int64 = 1 << 22

    /// The size of a perturbation in standard deviations of the channel: α of ±α σ_c.
    public let alpha: Float
    public let centre: Centre
    /// ψ: how far sampled latents keep from the mean latent; 1 is no truncation.
    public let truncationPsi: Float
    /// The number of leading w's that are truncated.
    public let truncationCutoff: Int
    /// The seed of the latents, as NumPy's `RandomState` takes it.
    public let seed: UInt32
    /// The number of latents behind μ and σ.
    public let statisticsSamples: Int
    /// The height of the pictures where synthesis stops early; nil is the generator's own.
    public let renderResolution: Int?

    /// - Throws: `RelevanceError.setting` that names the setting and its range.
    public init(
        alpha: Float = 5, centre: Centre = .sample, truncationPsi: Float = 0.7, truncationCutoff: Int = 8,
        seed: UInt32 = 1, statisticsSamples: Int = 100_000, renderResolution: Int? = nil
    ) throws(RelevanceError) {
        guard alpha > 0, alpha <= 1000 else {
            throw .setting(name: "α", value: "\(alpha)", needed: "above 0 and at most 1000")
        }
        guard truncationPsi > 0, truncationPsi <= 2 else {
            throw .setting(name: "truncation ψ", value: "\(truncationPsi)", needed: "above 0 and at most 2")
        }
        guard (0...64).contains(truncationCutoff) else {
            throw .setting(name: "truncation cutoff", value: "\(truncationCutoff)", needed: "from 0 to 64")
        }
        guard (2...10_000_000).contains(statisticsSamples) else {
            throw .setting(
                name: "statistics samples", value: "\(statisticsSamples)", needed: "from 2 to 10000000")
        }
        self.alpha = alpha
        self.centre = centre
        self.truncationPsi = truncationPsi
        self.truncationCutoff = truncationCutoff
        self.seed = seed
        if let renderResolution, !(4...1 << 16).contains(renderResolution) {
            throw .setting(name: "render resolution", value: "\(renderResolution)", needed: "from 4 to 65536")
        }
        self.statisticsSamples = statisticsSamples
        self.renderResolution = renderResolution
    }

    private enum CodingKeys: String, CodingKey {
        case alpha, centre, truncationPsi, truncationCutoff, seed, statisticsSamples, renderResolution
    }

    /// Settings from a manifest, held to the same ranges.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            alpha: values.decode(Float.self, forKey: .alpha),
            centre: values.decode(Centre.self, forKey: .centre),
            truncationPsi: values.decode(Float.self, forKey: .truncationPsi),
            truncationCutoff: values.decode(Int.self, forKey: .truncationCutoff),
            seed: values.decode(UInt32.self, forKey: .seed),
            statisticsSamples: values.decode(Int.self, forKey: .statisticsSamples),
            renderResolution: values.decodeIfPresent(Int.self, forKey: .renderResolution))
    }
}
