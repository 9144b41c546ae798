/// A folder of weights as the transformers library and OpenCLIP lay it out.
enum CheckpointFolder {
    /// The files that hold weights, the one to be preferred first.
    static let names = [
        "model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
        "open_clip_pytorch_model.bin", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ]

    /// The file at a path, or the one within the folder there.
    /// - Throws: `CheckpointError.noWeights` where a folder holds none of them.
    static func weights(at path: String) throws(CheckpointError) -> MappedFile {
        do {
            return try MappedFile(path: path)
        } catch .directory(var folder) {
            if !folder.hasSuffix("/") { folder += "/" }
            // Beside OpenCLIP's configuration, its files come first: timm's image tower alone may lie there as well.
            let configured = (try? MappedFile(path: folder + "open_clip_config.json")) != nil
            let first = configured ? names.filter { $0.hasPrefix("open_clip_") } : []
            for name in first + names {
                do {
                    return try MappedFile(path: folder + name)
                } catch .missing {
                    continue
                }
            }
            throw .noWeights(folder: path)
        }
    }
}
