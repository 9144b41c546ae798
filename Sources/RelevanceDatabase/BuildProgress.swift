/// How far a build is.
public struct BuildProgress: Sendable {
    public enum Stage: String, Sendable {
        /// Style codes are sampled for μ and σ; `done` and `total` count samples.
        case statistics
        /// Channels are swept; `done` and `total` count pairs of single channels.
        case sweep
        /// A table from gradients is compared with true pairs; `done` and `total` count steps.
        case verification
    }

    public let stage: Stage
    public let done: Int
    public let total: Int
    /// What this run has done a second, from the stage's start on; 0 at the start.
    public let rate: Double
}

/// How a build ended.
public enum BuildOutcome: Hashable, Sendable {
    /// All pairs that were asked for are in the table.
    case complete(pairs: Int)
    /// Stopped between two units: the same request goes on from here.
    case interrupted(pairsDone: Int, pairsAsked: Int)
}

/// What a build takes, known before it starts.
public struct BuildNeeds: Hashable, Sendable {
    /// Bytes of memory, at most about: the workers' networks and buffers, and the sums at the end. What the program itself
    /// has before, files of weights that it has mapped included, comes on top.
    public let memory: Int
    /// Bytes of disk when the build is complete, at most.
    public let disk: Int
    /// Pairs of single channels that are still to be swept.
    public let pairs: Int
}
