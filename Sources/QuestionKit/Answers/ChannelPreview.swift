import DatabaseReading

/// Draws what a channel does, by the program that has the generator: `preview-direction`.
public enum ChannelPreview {
    /// - Throws: `CompanionError` with what that program said.
    public static func draw(
        _ place: ChannelPlace, of database: RelevanceDatabase, faces: LatentOptions, path: String
    ) throws {
        _ = try Companion.output(
            of: "preview-direction",
            ["--channel=\(place)", "--store=\(database.path)", "--output=\(path)", "--quiet"]
                + (faces.latents.map { ["--latents=\($0)"] } ?? []))
    }
}
