import ArgumentParser
import Directions

/// How a direction is made of phrases and cut to size: all but the phrase itself.
public struct DirectionOptions: ParsableArguments {
    /// As in the method's published examples.
    public static let defaultThreshold = ChannelChoice.defaultThreshold

    @Option(
        help: ArgumentHelp(
            "What pictures are: the phrase that the direction leads away from. Default: the database's own.",
            valueName: "phrase"))
    public var neutral: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add another phrase's direction; may be given again.", valueName: "phrase"))
    public var plus: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Take another phrase's direction away; may be given again.", valueName: "phrase"))
    public var minus: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Leave alone what this phrase speaks of; may be given again.",
            discussion:
                "What the two phrases share is taken out of the direction, and no channel is kept that reaches β, or "
                + "\(ChannelChoice.defaultThreshold), for this one.",
            valueName: "phrase"))
    public var without: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The disentanglement threshold β, from 0 to 1: style channels with a smaller |R| are left alone. "
                + "'auto' draws a few faces and measures (seconds). Default: \(DirectionOptions.defaultThreshold).",
            valueName: "β"))
    public var beta: Threshold?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep this many of the most relevant channels, in place of --beta."))
    public var channels: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep only channels whose |R| exceeds β with this confidence, for example 0.95.", valueName: "P"))
    public var confident: Double?

    @OptionGroup public var ensemble: EnsembleOptions

    /// The file of prompt templates; nil for the embedded ones.
    public var templates: String? { ensemble.templates }

    @OptionGroup public var faces: LatentOptions

    public init() {}

    /// β as it is given.
    public enum Threshold: ExpressibleByArgument, Hashable, Sendable {
        case value(Float)
        case automatic

        public init?(argument: String) {
            if argument == "auto" {
                self = .automatic
            } else if let value = Float(argument), (0...1).contains(value) {
                self = .value(value)
            } else {
                return nil
            }
        }
    }

    /// α as it is given.
    public enum Strength: ExpressibleByArgument, Hashable, Sendable {
        case value(Float)
        case automatic

        public init?(argument: String) {
            if argument == "auto" {
                self = .automatic
            } else if let value = Float(argument), value > 0, value <= 1000 {
                self = .value(value)
            } else {
                return nil
            }
        }
    }

    public mutating func validate() throws {
        let given = [
            ("--neutral", neutral.map { [$0] } ?? []), ("--plus", plus), ("--minus", minus),
            ("--without", without),
        ]
        for (name, phrases) in given {
            for phrase in phrases { try Self.requireVisible(phrase, as: name) }
        }
        if let channels {
            guard beta == nil else {
                throw ValidationError("--beta and --channels both say how many channels are kept; give one")
            }
            guard confident == nil else {
                throw ValidationError(
                    "--confident goes with --beta: with --channels β is the |R| of the weakest that is kept, above which "
                        + "it cannot be with any confidence")
            }
            guard (1...1_000_000).contains(channels) else {
                throw ValidationError("--channels is \(channels); it must be from 1 to 1000000")
            }
        }
        if let confident, !(confident >= 0.5 && confident < 1) {
            throw ValidationError(
                "--confident is \(confident); it must be at least 0.5 and below 1, for example 0.95")
        }
    }

    /// Throws where any of these options is given.
    /// - Parameter reason: Why none has a part: "--all-saved writes …".
    public func requireNone(_ reason: String) throws {
        let given = [
            ("--neutral", neutral != nil), ("--plus", !plus.isEmpty), ("--minus", !minus.isEmpty),
            ("--without", !without.isEmpty), ("--beta", beta != nil), ("--channels", channels != nil),
            ("--confident", confident != nil), ("--templates", templates != nil),
        ]
        if let first = given.first(where: { $0.1 })?.0 {
            throw ValidationError("\(reason); leave out \(first)")
        }
    }

    /// Whether a text shows something.
    static func isVisible(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator, .unassigned: false
            default: true
            }
        }
    }

    /// Throws unless a text shows something.
    public static func requireVisible(_ text: String, as name: String) throws {
        guard isVisible(text) else {
            throw ValidationError("\(name) is empty; give a word or a few, as \"tiger\"")
        }
    }

    /// What is asked about a phrase, where another neutral phrase does not take the place of the option's.
    public func recipe(phrase: String, neutral other: String) -> DirectionRecipe {
        DirectionRecipe(
            phrase: phrase, neutral: neutral ?? other, plus: plus, minus: minus, without: without)
    }

    /// Which channels are kept; nil where β is to be found out first.
    public var choice: ChannelChoice? {
        if let channels { return ChannelChoice(.count(channels), confidence: confident) }
        switch beta ?? .value(Self.defaultThreshold) {
        case .value(let threshold): return ChannelChoice(.threshold(threshold), confidence: confident)
        case .automatic: return nil
        }
    }
}
