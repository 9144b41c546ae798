import DatabaseReading
import DirectionStore
import Directions
import Vocabulary

/// An error that knows how a command ends because of it.
public protocol ExitingError: Error {
    var exitStatus: ExitStatus { get }
}

extension ExitStatus {
    /// What a command ends with because of an error of any room.
    public init(for error: any Error) {
        self =
            switch error {
            case let error as any ExitingError: error.exitStatus
            default: .ownFault
            }
    }
}

extension StreamError: ExitingError {
    public var exitStatus: ExitStatus { .inputOutput }
}

extension StoreError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .missing: .noInput
        case .notAStore, .corrupted, .valueSize, .overflow: .badData
        case .readOnly: .cannotCreate
        case .diskFull, .fileLimit, .mapFull, .system: .inputOutput
        case .busy: .busy
        case .openForReading, .key: .ownFault
        }
    }
}

extension DatabaseError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .unfinished, .damaged, .formatVersion, .earlier, .otherWeights, .otherSettings, .part, .parts:
            .badData
        case .occupied: .cannotCreate
        case .notEnoughDisk: .inputOutput
        case .request: .usage
        case .misfit: .ownFault
        }
    }
}

extension RelevanceError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .setting, .tooManyPairs: .usage
        case .count, .value, .image, .samePhrases, .nothingKept, .nothingSure, .nothingFree, .noSpread,
            .nothingLeft:
            .badData
        case .shape, .generator, .encoder: .ownFault
        }
    }
}

extension VocabularyError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .unreadable: .noInput
        case .unknownList: .usage
        case .template, .empty, .malformed: .badData
        }
    }
}
