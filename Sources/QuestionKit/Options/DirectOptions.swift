import ArgumentParser

/// Whether to do without a table, and how.
public struct DirectOptions: ParsableArguments {
    /// Images that the direction is the mean of, where nothing else is asked for.
    public static let defaultImages = 20

    @Flag(
        help: ArgumentHelp(
            "Ask no database: take gradients of a few images along the phrase.",
            discussion:
                "For a generator and CLIP that have no table yet; see --generator, --clip and --images."))
    public var direct = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --direct: images that the direction is the mean of. Default: 20."))
    public var images: Int?

    public init() {}

    public mutating func validate() throws {
        if images != nil, !direct { throw ValidationError("--images goes with --direct") }
        if let images, !(2...1 << 16).contains(images) {
            throw ValidationError("--images is \(images); it must be from 2 to \(1 << 16)")
        }
    }

    /// Throws where a database is named that is not asked, or a generator that the database knows itself.
    /// - Parameter isDrawn: Whether faces are drawn, for which a generator may have to be named again.
    public func require(
        _ database: DatabaseOptions, _ generator: GeneratorOptions? = nil, isDrawn: Bool = false
    ) throws {
        if direct, database.store != nil {
            throw ValidationError("--store names a database, and --direct asks none; give one of them")
        }
        if !direct, !isDrawn, let generator, generator.generator != nil || generator.classIndex != nil {
            throw ValidationError(
                "a database knows its generator; --generator and --class go with --direct, --beta auto or --alpha auto"
            )
        }
    }
}
