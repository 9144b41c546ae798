import Checkpoints
import StyleGAN
import Tensors
import TestSupport

/// The reference generator and what the public implementation made of it.
struct ReferenceGenerator {
    let generator: Generator
    let expected: Checkpoint

    init() throws {
        generator = try Generator(
            checkpoint: .open(path: Conformance.path("stylegan2-nvidia/generator.safetensors")))
        expected = try Checkpoint.open(path: Conformance.path("stylegan2-nvidia/expected.safetensors"))
    }

    /// The published tool's name of a style layer: "conv0_resolution_8" for "b8.conv0".
    static func publishedName(_ layer: StyleLayer) -> String {
        let parts = layer.name.split(separator: ".")
        let kind = parts[1] == "torgb" ? "toRGB" : String(parts[1])
        return "\(kind)_resolution_\(layer.resolution)"
    }
}

/// The largest absolute difference; infinite where the shapes differ.
func distance(_ left: Tensor, _ right: Tensor) -> Float {
    guard left.shape == right.shape else { return .infinity }
    return zip(left.values, right.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
