import AnimalFaces
import CLIP
import Checkpoints
import Foundation
import StyleGAN
import Tensors
import TestSupport

/// A pair of models and what PyTorch makes of a latent in them (`Tools/Fixtures/make_optimisation.py`).
enum ReferenceModels: String, CaseIterable {
    case animalFaces = "animal-faces"
    /// 32 × 32 pixels, a w of 48 numbers, embeddings of 24.
    case conformance

    var isPresent: Bool { self == .animalFaces || Conformance.isPresent }

    func open() throws -> (Generator, CLIPModel) {
        let paths =
            switch self {
            case .animalFaces:
                try (
                    AnimalFaces.resource(.generator), AnimalFaces.resource(.clip),
                    AnimalFaces.resource(.merges)
                )
            case .conformance:
                (
                    Conformance.path("stylegan2-nvidia/generator.safetensors"),
                    Conformance.path("clip/clip.safetensors"),
                    Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz")
                )
            }
        return (
            try Generator(checkpoint: .open(path: paths.0)),
            try CLIPModel.open(path: paths.1, merges: paths.2)
        )
    }

    func expected(_ name: String) throws -> Tensor {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/optimisation.safetensors").path
        return try Checkpoint.open(path: file).tensor("\(rawValue).\(name)")
    }
}
