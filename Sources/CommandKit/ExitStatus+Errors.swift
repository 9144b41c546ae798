import AnimalFaces
import CLIP
import Checkpoints
import DirectionStore
import NeuralLayers
import Pictures
import Relevance
import RelevanceDatabase
import StyleGAN
import Tensors
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

extension CheckpointError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .missing, .directory, .special, .unreadable: .noInput
        case .empty, .format, .unknownTensor, .mismatch: .badData
        case .unwritable: .cannotCreate
        }
    }
}

extension AnimalFacesError: ExitingError {
    public var exitStatus: ExitStatus { .noInput }
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
        case .diskFull, .mapFull, .system: .inputOutput
        case .busy: .busy
        case .openForReading, .key: .ownFault
        }
    }
}

extension DatabaseError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .unfinished, .damaged, .formatVersion, .otherWeights, .otherSettings, .part, .parts: .badData
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
        case .count, .value, .samePhrases, .nothingKept: .badData
        case .shape, .generator, .encoder: .ownFault
        }
    }
}

extension CLIPError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .weights(let error): error.exitStatus
        case .tokenizer(let error): error.exitStatus
        case .notCLIP, .notFinite: .badData
        case .empty: .usage
        case .layer, .shape: .ownFault
        }
    }
}

extension TokenizerError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .file(let error): error.exitStatus
        case .malformed, .compression, .vocabulary, .tooLong: .badData
        }
    }
}

extension GeneratorError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .weights(let error): error.exitStatus
        case .notAGenerator, .notFinite: .badData
        case .classNeeded, .noClasses: .usage
        case .layer, .shape, .range: .ownFault
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

extension PictureError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .missing: .noInput
        case .unrecognised: .usage
        case .file: .inputOutput
        case .size, .count, .tensor, .damaged: .badData
        }
    }
}
