import Tensors

/// What can go wrong between a generator, an image encoder and a direction.
public enum RelevanceError: Error, Sendable, CustomStringConvertible {
    /// A setting outside its range; `needed` says the range.
    case setting(name: String, value: String, needed: String)
    /// A tensor of the wrong shape.
    case shape(ShapeError)
    /// A number of values other than what they must go with.
    case count(what: String, found: Int, expected: Int)
    /// A value that is not a finite number, or is outside the range that sums of unit vectors can reach.
    case value(what: String, position: Int)
    /// More pairs than sums in fixed point can hold.
    case tooManyPairs(channel: Int)
    /// Two phrases that the text encoder does not tell apart.
    case samePhrases
    /// A threshold above every relevance; `suggestions` says which thresholds keep how many channels.
    case nothingKept(threshold: Float, largest: Float, suggestions: [ThresholdSuggestion])
    /// What went wrong with one image of a seed.
    case image(Int, reason: String)
    /// Channels reach the threshold, but none with the confidence that was asked for.
    case nothingSure(threshold: Float, confidence: Double, reached: Int)
    /// Channels reach the threshold, but each of them moves what is to be left alone as far.
    case nothingFree(threshold: Float)
    /// A database whose table has no standard errors.
    case noSpread
    /// What a direction is made of cancels.
    case nothingLeft
    /// The generator refused what it was given.
    case generator(String)
    /// The image encoder refused what it was given.
    case encoder(String)

    public var description: String {
        switch self {
        case .setting(let name, let value, let needed): "\(name) is \(value); it must be \(needed)"
        case .shape(let error): error.description
        case .count(let what, let found, let expected): "\(what): \(found) where \(expected) are needed"
        case .value(let what, let position):
            "\(what): value \(position) is not a number that such a value can be"
        case .tooManyPairs(let channel):
            "channel \(channel) has more than \(SweepSettings.pairLimit) pairs, the most its sums can hold"
        case .samePhrases:
            "the phrase and the neutral phrase have the same embedding, so no direction leads between them"
        case .nothingKept(let threshold, let largest, let suggestions):
            "no channel is relevant enough for β = \(threshold): the largest |R| is \(largest)"
                + (suggestions.isEmpty ? "" : "; " + suggestions.map(\.description).joined(separator: ", "))
        case .image(let image, let reason): "image \(image): \(reason)"
        case .nothingSure(let threshold, let confidence, let reached):
            "\(reached) channels reach β = \(threshold), but none with a confidence of \(confidence); "
                + "ask for less, or build more pairs"
        case .nothingFree(let threshold):
            "every channel that reaches β = \(threshold) moves what --without names as well; give another β, or leave less "
                + "alone"
        case .noSpread:
            "the database has no standard errors: it has one pair a channel, is of an earlier version, or its table was "
                + "brought from elsewhere"
        case .nothingLeft:
            "nothing is left of the direction: what is added, taken away and left alone cancels the phrase"
        case .generator(let message): "generator: \(message)"
        case .encoder(let message): "image encoder: \(message)"
        }
    }
}
