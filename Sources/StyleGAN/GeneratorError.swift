import Checkpoints
import NeuralLayers
import Tensors

/// What can be wrong with a generator's weights or with what it is given.
public enum GeneratorError: Error, Sendable, CustomStringConvertible {
    /// A tensor is missing, misshapen or unreadable.
    case weights(CheckpointError)
    /// The file holds something else than a generator that is read here; `reason` says what.
    case notAGenerator(path: String, reason: String)
    /// A class-conditional generator without one of its classes; `found` is what was asked for, if anything was.
    case classNeeded(path: String, found: Int?, count: Int)
    /// A class for a generator that knows none.
    case noClasses(path: String)
    /// A file of latents that are none of this generator's.
    case latents(path: String, reason: String)
    /// A layer could not be made or run.
    case layer(NeuralLayerError)
    /// Latents, styles or pictures of another shape than the generator's.
    case shape(ShapeError)
    /// A style channel or a number of pictures outside of what there is.
    case range(what: String, found: Int, allowed: Range<Int>)
    /// Numbers that are infinite or none; `what` says where they came up first.
    case notFinite(what: String)

    public var description: String {
        switch self {
        case .weights(let error): error.description
        case .notAGenerator(let path, let reason): "\(path) is no StyleGAN2 generator: \(reason)"
        case .classNeeded(let path, let found, let count):
            "\(path) draws \(count) classes; --class chooses one from 0 to \(count - 1)"
                + (found.map { ", not \($0)" } ?? "")
        case .noClasses(let path): "\(path) draws no classes: --class has nothing to choose"
        case .latents(let path, let reason): "\(path) has no latents of this generator: \(reason)"
        case .layer(let error): error.description
        case .shape(let error): error.description
        case .range(let what, let found, let allowed):
            "\(what) \(found) is not in \(allowed.lowerBound)..<\(allowed.upperBound)"
        case .notFinite(let what): "\(what) is not finite; the weights may be damaged"
        }
    }
}

/// Runs `body` and gives what it throws the generator's own type.
func reading<Result>(_ body: () throws(CheckpointError) -> Result) throws(GeneratorError) -> Result {
    do throws(CheckpointError) { return try body() } catch { throw .weights(error) }
}

func layering<Result>(_ body: () throws(NeuralLayerError) -> Result) throws(GeneratorError) -> Result {
    do throws(NeuralLayerError) { return try body() } catch { throw .layer(error) }
}

func shaping<Result>(_ body: () throws(ShapeError) -> Result) throws(GeneratorError) -> Result {
    do throws(ShapeError) { return try body() } catch { throw .shape(error) }
}
