import Glibc
import ProgramFolder

/// The embedded default models: a small generator of drawn animal faces, a CLIP of its world, and a judge of pictures.
public enum AnimalFaces {
    /// A file that goes with the programs.
    public enum Resource: String, CaseIterable, Sendable {
        /// A StyleGAN2 of 64×64 pixels.
        case generator = "generator.safetensors"
        /// Its CLIP.
        case clip = "clip.safetensors"
        /// The byte-pair merges of that CLIP.
        case merges = "merges.txt"
        /// Tells what a picture shows, for measuring how often an edit succeeds.
        case regressor = "regressor.safetensors"
    }

    /// The path of a file of the models.
    ///
    /// Looked for beside the program's real path, where a build puts it, and in `../lib` and `../share` from there,
    /// where an installation does.
    /// - Throws: `AnimalFacesError.missing` with the folders looked into.
    public static func resource(_ resource: Resource) throws(AnimalFacesError) -> String {
        let program = ProgramFolder.path
        let bundle = "text-to-direction_AnimalFaces.resources/Resources"
        let folders = [
            "\(program)/\(bundle)", "\(program)/../lib/text-to-direction/\(bundle)",
            "\(program)/../share/text-to-direction/\(bundle)",
        ]
        for folder in folders {
            let path = "\(folder)/\(resource.rawValue)"
            if access(path, F_OK) == 0 { return path }
        }
        throw .missing(name: resource.rawValue, folders: folders)
    }
}

/// The embedded models are not where the program looks for them.
public enum AnimalFacesError: Error, Hashable, Sendable, CustomStringConvertible {
    case missing(name: String, folders: [String])

    public var description: String {
        switch self {
        case .missing(let name, let folders):
            "the embedded \(name) is not in \(folders.joined(separator: ", ")); "
                + "install the programs again, or name your own models"
        }
    }
}
