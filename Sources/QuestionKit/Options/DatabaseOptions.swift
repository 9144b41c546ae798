import ArgumentParser
import DatabaseReading

/// Which database.
public struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database's folder.",
            discussion:
                "Default: one named after the generator, animal-faces where none is named, in the project's store/ or, "
                + "once installed, in $XDG_DATA_HOME/text-to-direction.",
            valueName: "folder"),
        completion: .directory)
    public var store: String?

    public init() {}

    public mutating func validate() throws {
        if let store, store.isEmpty { throw ValidationError("--store is empty; it names a folder") }
    }

    /// The folder: the one named, or the default one of a generator's file (nil: the embedded generator).
    public func path(generator: String? = nil) -> String {
        store ?? StoreLocation.database(generator: generator)
    }

    /// The folder of a part of a build: the one named, or one beside the default one.
    public func path(generator: String?, shard: BuildShard?) -> String {
        guard let shard, store == nil else { return path(generator: generator) }
        return path(generator: generator) + ".part-\(shard.index)-of-\(shard.count)"
    }

    /// Opens the database for questions; a phrase's text direction is kept there where it can be.
    /// - Throws: `StoreError`, `DatabaseError`.
    public func open(generator: String? = nil) throws -> RelevanceDatabase {
        try RelevanceDatabase(path: path(generator: generator), keepsText: true)
    }
}
