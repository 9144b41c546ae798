import Editing

extension MapperError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .setting: .usage
        case .weights(let error): error.exitStatus
        case .notAMapper, .misfit, .otherTraining, .diverged: .badData
        }
    }
}
