import Checkpoints

/// What can be wrong with a latent mapper, its file or its training.
public enum MapperError: Error, Sendable, CustomStringConvertible {
    /// A setting outside its range; `needed` says the range.
    case setting(name: String, value: String, needed: String)
    /// A tensor is missing, misshapen or unreadable.
    case weights(CheckpointError)
    /// The file holds something else than a mapper that is read here; `reason` says what.
    case notAMapper(path: String, reason: String)
    /// A mapper of another generator.
    case misfit(path: String, reason: String)
    /// A file whose training was another one than is asked for; `reason` says in what.
    case otherTraining(path: String, reason: String)
    /// The weights went beyond all bounds.
    case diverged(step: Int, reason: String)

    public var description: String {
        switch self {
        case .setting(let name, let value, let needed): "\(name) is \(value); it must be \(needed)"
        case .weights(let error): error.description
        case .notAMapper(let path, let reason): "\(path) is no latent mapper: \(reason)"
        case .misfit(let path, let reason): "\(path) is of another generator: \(reason)"
        case .otherTraining(let path, let reason): "\(path) was trained otherwise: \(reason)"
        case .diverged(let step, let reason):
            "the training went astray in step \(step): \(reason); a smaller learning rate may hold"
        }
    }
}
