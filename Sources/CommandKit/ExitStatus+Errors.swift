import AnimalFaces
import CLIP
import Checkpoints
import Pictures
import QuestionKit
import StyleGAN

extension CheckpointError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .missing, .directory, .noWeights, .special, .unreadable: .noInput
        case .empty, .format, .unknownTensor, .mismatch, .rank: .badData
        case .uncreatable: .cannotCreate
        case .unwritable: .inputOutput
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
        case .notAGenerator, .notFinite, .latents: .badData
        case .classNeeded, .noClasses: .usage
        case .layer, .shape, .range: .ownFault
        }
    }
}

extension PictureError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .missing: .noInput
        case .unrecognised: .usage
        case .uncreatable: .cannotCreate
        case .file: .inputOutput
        case .size, .count, .tensor, .damaged, .unsupported: .badData
        }
    }
}

extension AnimalFacesError: ExitingError {
    public var exitStatus: ExitStatus { .noInput }
}
