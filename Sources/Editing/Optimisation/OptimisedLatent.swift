import Tensors

/// What became of one latent.
public struct OptimisedLatent: Sendable {
    /// The code it began as.
    public let start: Tensor
    /// The code of least loss, of the same shape: `[1, L, w_dim]` in w+, `[1, C_total]` in S.
    public internal(set) var code: Tensor
    /// How many steps had been taken then.
    public internal(set) var step = 0
    /// Of the code it began as, and after every step.
    public internal(set) var values: [LatentObjective.Value]
    /// Codes on the way, after the steps that were asked for.
    public internal(set) var onTheWay: [Tensor] = []

    /// Of the code it began as.
    public var first: LatentObjective.Value { values[0] }
    /// Of the code of least loss.
    public var best: LatentObjective.Value { values[step] }
    /// The steps that were taken: fewer than asked for where it was stopped.
    public var stepsTaken: Int { values.count - 1 }

    init(start: Tensor, value: LatentObjective.Value) {
        self.start = start
        code = start
        values = [value]
    }

    /// Takes note of a code after one more step.
    mutating func add(_ code: Tensor, _ value: LatentObjective.Value, keeping kept: [Int]) {
        values.append(value)
        if kept.contains(stepsTaken) { onTheWay.append(code) }
        guard value.loss < best.loss else { return }
        self.code = code
        step = stepsTaken
    }
}
