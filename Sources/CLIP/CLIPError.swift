import Checkpoints
import NeuralLayers
import Tensors

/// What can be wrong with CLIP's weights or with what it is given.
public enum CLIPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A tensor is missing, misshapen or unreadable.
    case weights(CheckpointError)
    /// The file holds something else than a CLIP that is read here; `reason` says what.
    case notCLIP(path: String, reason: String)
    /// The merges file cannot be used, or a text is too long.
    case tokenizer(TokenizerError)
    /// A layer could not be run.
    case layer(NeuralLayerError)
    /// Pictures or embeddings of another shape than asked for.
    case shape(ShapeError)
    /// A phrase without a visible character, or an ensemble without templates.
    case empty(what: String)
    /// Numbers that are infinite or NaN; `what` says where.
    case notFinite(what: String)

    public var description: String {
        switch self {
        case .weights(let error): error.description
        case .notCLIP(let path, let reason): "\(path) is no CLIP that can be used: \(reason)"
        case .tokenizer(let error): error.description
        case .layer(let error): error.description
        case .shape(let error): error.description
        case .empty(let what): "\(what) is empty"
        case .notFinite(let what): "\(what) is not finite; the weights may be damaged"
        }
    }
}

extension CLIPError {
    /// An error of the rooms below as CLIP's.
    init(_ error: any Error) {
        switch error {
        case let error as CLIPError: self = error
        case let error as CheckpointError: self = .weights(error)
        case let error as TokenizerError: self = .tokenizer(error)
        case let error as NeuralLayerError: self = .layer(error)
        case let error as ShapeError: self = .shape(error)
        // They throw nothing else; were it otherwise, nothing is lost.
        default: self = .notCLIP(path: "the file", reason: "\(error)")
        }
    }

    /// Runs `body`, whose errors become CLIP's.
    static func wrapping<Result>(_ body: () throws -> Result) throws(CLIPError) -> Result {
        do {
            return try body()
        } catch {
            throw CLIPError(error)
        }
    }
}
