/// A folder of weights as the transformers library and OpenCLIP lay it out.
enum CheckpointFolder {
    /// The files that hold weights, the one to be preferred first.
    static let names = [
        "model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
        "open_clip_pytorch_model.bin", "pytorch_model.bin",
    ]

    /// The file at a path, or the one within the folder there.
    /// - Throws: `CheckpointError.directory` where a folder holds none of them.
    static func weights(at path: String) throws(CheckpointError) -> MappedFile {
        do {
            return try MappedFile(path: path)
        } catch .directory(let folder) {
            for name in names {
                do {
                    return try MappedFile(path: folder + (folder.hasSuffix("/") ? "" : "/") + name)
                } catch .missing {
                    continue
                }
            }
            throw .directory(path: path)
        }
    }
}
