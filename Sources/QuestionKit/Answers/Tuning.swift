import DatabaseReading
import Directions
import FoundationEssentials

/// What `tune-direction` found out about a phrase by drawing faces along its directions.
public struct Tuning: Hashable, Sendable, Codable {
    /// A direction of one β at one α, as the faces showed it: means over all of them.
    public struct Point: Hashable, Sendable, Codable {
        public let beta: Float
        public let alpha: Float
        /// How many channels the direction keeps.
        public let kept: Int
        /// How far the pictures' embeddings moved along ∆t.
        public let gain: Float
        /// How far they moved across ∆t.
        public let drift: Float
        /// The mean change of pixels outside the region that changed most, of a range of 2.
        public let outside: Float

        public init(beta: Float, alpha: Float, kept: Int, gain: Float, drift: Float, outside: Float) {
            self.beta = beta
            self.alpha = alpha
            self.kept = kept
            self.gain = gain
            self.drift = drift
            self.outside = outside
        }
    }

    /// A point is chosen among those that gain at least this share of the most that any gains.
    ///
    /// Of 0.7, 0.8 and 0.9 this one left the fewest faces of the embedded models short of the phrase, and still moved
    /// what the phrase does not name about half as far as β = 0.12 does.
    public static let reach: Float = 0.9

    /// The chosen ones.
    public let beta: Float
    public let alpha: Float
    /// All that were tried, β by β.
    public let curve: [Point]

    /// Chooses: of the points that come far enough, the one that moves the rest least.
    ///
    /// The rest is drift and outside together, each as a share of its largest among those points.
    /// - Returns: nil where no point moves towards the phrase.
    public init?(curve: [Point]) {
        let most = curve.map(\.gain).max() ?? 0
        let far = curve.filter { $0.gain >= Self.reach * most }
        guard most > 0 else { return nil }
        let (drift, outside) = (far.map(\.drift).max() ?? 0, far.map(\.outside).max() ?? 0)
        func share(_ part: Float, _ whole: Float) -> Float { whole > 0 ? part / whole : 0 }
        func rest(_ point: Point) -> Float { share(point.drift, drift) + share(point.outside, outside) }
        guard let best = far.min(by: { rest($0) < rest($1) }) else { return nil }
        beta = best.beta
        alpha = best.alpha
        self.curve = curve
    }

    /// Asks `tune-direction`, which loads the networks.
    /// - Throws: `CompanionError` with what it said.
    init(
        _ recipe: DirectionRecipe, _ options: DirectionOptions, generator: GeneratorOptions?,
        clip: CLIPOptions, of database: RelevanceDatabase
    ) throws {
        var arguments = ["--json", "--store=\(database.path)", "--neutral=\(recipe.neutral)"]
        for (name, phrases) in [
            ("plus", recipe.plus), ("minus", recipe.minus), ("without", recipe.without),
        ] {
            arguments += phrases.map { "--\(name)=\($0)" }
        }
        switch options.choice?.size {
        case .threshold(let beta): arguments.append("--beta=\(beta)")
        case .count(let count): arguments.append("--channels=\(count)")
        case nil: break
        }
        for (name, value) in [
            ("generator", generator?.generator), ("class", generator?.classIndex.map { "\($0)" }),
            ("clip", clip.clip), ("merges", clip.merges), ("templates", options.templates),
            ("confident", options.confident.map { "\($0)" }), ("latents", options.faces.latents),
        ] {
            if let value { arguments.append("--\(name)=\(value)") }
        }
        let json = try Companion.output(of: "tune-direction", arguments + ["--", recipe.phrase])
        do {
            self = try JSONDecoder().decode(Tuning.self, from: Data(json.utf8))
        } catch {
            throw CompanionError("tune-direction's answer cannot be read", exitStatus: .ownFault)
        }
    }
}
