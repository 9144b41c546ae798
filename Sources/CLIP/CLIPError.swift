import Checkpoints
import NeuralLayers
import Tensors

/// What can be wrong with CLIP's weights or with what it is given.
public enum CLIPError: Error, Sendable, CustomStringConvertible {
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

    public var description: String {
        switch self {
        case .weights(let error): error.description
        case .notCLIP(let path, let reason): "\(path) is no CLIP that can be used: \(reason)"
        case .tokenizer(let error): error.description
        case .layer(let error): error.description
        case .shape(let error): error.description
        case .empty(let what): "\(what) is empty"
        }
    }
}

/// Runs `body` and gives what it throws the room's own type.
func reading<Result>(_ body: () throws(CheckpointError) -> Result) throws(CLIPError) -> Result {
    do throws(CheckpointError) { return try body() } catch { throw .weights(error) }
}

func layering<Result>(_ body: () throws(NeuralLayerError) -> Result) throws(CLIPError) -> Result {
    do throws(NeuralLayerError) { return try body() } catch { throw .layer(error) }
}

func shaping<Result>(_ body: () throws(ShapeError) -> Result) throws(CLIPError) -> Result {
    do throws(ShapeError) { return try body() } catch { throw .shape(error) }
}
