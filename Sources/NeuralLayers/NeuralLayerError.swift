import COneDNN
import Tensors

/// What can go wrong where a layer is made or run.
public enum NeuralLayerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// oneDNN refused: which operation, on which shapes, and the name of its status.
    case library(operation: String, status: String, shapes: [Shape])
    /// A tensor or map of one shape where another was needed; `what` names it.
    case mismatch(what: String, found: Shape, expected: Shape)
    /// Extents of which no layer can be made; `reason` says what would be right.
    case unsupported(operation: String, shape: Shape, reason: String)

    public var description: String {
        switch self {
        case .library(let operation, let status, let shapes):
            "oneDNN refused \(operation) of \(shapes.map(\.description).joined(separator: ", ")): \(status)"
        case .mismatch(let what, let found, let expected):
            "\(what) has shape \(found) where \(expected) is needed"
        case .unsupported(let operation, let shape, let reason):
            "\(operation) of \(shape) is not possible: \(reason)"
        }
    }

    init(_ error: ShapeError) {
        switch error {
        case .mismatch(let what, let found, let expected):
            self = .mismatch(what: what, found: found, expected: expected)
        case .invalid, .count:
            self = .unsupported(operation: "a layer", shape: [], reason: error.description)
        }
    }
}

/// Throws unless a call of oneDNN succeeded.
func check(
    _ status: dnnl_status_t, _ operation: @autoclosure () -> String, _ shapes: @autoclosure () -> [Shape] = []
) throws(NeuralLayerError) {
    guard status != dnnl_success else { return }
    let name =
        switch status {
        case dnnl_out_of_memory: "out of memory"
        case dnnl_invalid_arguments: "invalid arguments"
        case dnnl_unimplemented: "not implemented on this processor"
        case dnnl_runtime_error: "failed while running"
        default: "status \(status.rawValue)"
        }
    throw .library(operation: operation(), status: name, shapes: shapes())
}
