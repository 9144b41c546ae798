import DatabaseReading
import Directions
import FoundationEssentials

/// What `tune-direction` found out about a phrase by drawing faces along its directions.
public struct Tuning: Hashable, Sendable, Codable {
    /// A direction of one β at one α, as the faces showed it: means over all of them.
    public struct Point: Hashable, Sendable, Codable {
        public let beta: Float
        public let alpha: Float
        public let kept: Int
        /// How far pictures moved along ∆t.
        public let gain: Float
        /// How far they moved in CLIP's space across ∆t.
        public let drift: Float
        /// The mean change of pixels outside the region that changed most, of 2.
        public let outside: Float
        /// What the choice is made by: `gain` less what `drift` and `outside` cost.
        public let score: Float

        public init(
            beta: Float, alpha: Float, kept: Int, gain: Float, drift: Float, outside: Float, score: Float
        ) {
            self.beta = beta
            self.alpha = alpha
            self.kept = kept
            self.gain = gain
            self.drift = drift
            self.outside = outside
            self.score = score
        }
    }

    /// The chosen ones.
    public let beta: Float
    public let alpha: Float
    /// All that were tried, β by β.
    public let curve: [Point]

    public init(beta: Float, alpha: Float, curve: [Point]) {
        self.beta = beta
        self.alpha = alpha
        self.curve = curve
    }

    /// Asks `tune-direction`, which loads the networks.
    /// - Throws: `CompanionError` with what it said.
    init(
        _ recipe: DirectionRecipe, _ options: DirectionOptions, clip: CLIPOptions,
        of database: RelevanceDatabase
    ) throws {
        var arguments = ["--json", "--store=\(database.path)", "--neutral=\(recipe.neutral)"]
        for (name, phrases) in [
            ("plus", recipe.plus), ("minus", recipe.minus), ("without", recipe.without),
        ] {
            arguments += phrases.map { "--\(name)=\($0)" }
        }
        for (name, value) in [
            ("clip", clip.clip), ("merges", clip.merges), ("templates", options.templates),
            ("confident", options.confident.map { "\($0)" }),
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
