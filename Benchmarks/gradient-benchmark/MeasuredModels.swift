import AnimalFaces
import CLIP
import Checkpoints
import Foundation
import OtherPrograms
import ProgramFolder
import StyleGAN

/// A generator and a CLIP, and how commands are told of them.
struct MeasuredModels {
    let generator: Generator
    let model: CLIPModel
    let paths: (generator: String, clip: String)
    /// None for the embedded models, which commands find themselves.
    let arguments: [String]

    /// The embedded ones where no file is named.
    init(_ generator: String? = nil, _ clip: String? = nil, _ merges: String? = nil) throws {
        paths = try (generator ?? AnimalFaces.resource(.generator), clip ?? AnimalFaces.resource(.clip))
        self.generator = try Generator(checkpoint: .open(path: paths.generator))
        model = try CLIPModel.open(path: paths.clip, merges: merges ?? AnimalFaces.resource(.merges))
        arguments = [("generator", generator), ("clip", clip), ("merges", merges)].flatMap { name, value in
            value.map { ["--\(name)", $0] } ?? []
        }
    }

    /// Runs build-relevance; how many seconds it took.
    func build(_ more: [String]) throws -> Double {
        let began = ContinuousClock.now
        _ = try ProgramOutput.of(
            [ProgramFolder.path + "/build-relevance", "--json", "--quiet"] + arguments + more)
        return (ContinuousClock.now - began) / .seconds(1)
    }
}
