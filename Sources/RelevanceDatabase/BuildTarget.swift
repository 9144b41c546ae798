import DirectionStore
import Foundation

/// The folder that a build writes into, held by the builder's lock.
///
/// A restart writes into `<folder>.rebuilding`, and the two folders change names in one step when it is complete. A
/// program that is killed leaves one of three things, which the next restart tells apart by the manifests:
/// an unfinished successor, which it goes on with; a finished one, whose place it takes; or the predecessor under the
/// other name, which it removes.
final class BuildTarget {
    /// Where to build.
    let path: String
    /// The identity of the database whose place is to be taken, where it can be read.
    let replaces: UUID?

    private let finalPath: String
    private let locks: [BuilderLock]

    init(_ request: BuildRequest, subject: some SweepSubject) throws {
        finalPath = request.path
        guard request.restart, StoreFolder.mayBeStore(at: request.path) else {
            path = request.path
            replaces = nil
            _ = try DirectionStore.openOrCreate(path: request.path)
            locks = [try BuilderLock(store: request.path)]
            return
        }
        let old = try BuilderLock(store: request.path)
        path = request.path + ".rebuilding"
        replaces = Self.manifest(at: request.path)?.identity
        if StoreFolder.mayBeStore(at: path) {
            try Self.clear(path, unlessFor: request, of: subject, replacing: replaces)
        }
        _ = try DirectionStore.openOrCreate(path: path)
        locks = [old, try BuilderLock(store: path)]
    }

    /// Lets what was built take the place of what was there, if it was built beside it.
    func takePlace() throws {
        guard path != finalPath else { return }
        try StoreFolder.exchange(path, finalPath)
        try StoreFolder.remove(path)
    }

    /// Removes what another restart left, unless it is the beginning of this one.
    private static func clear(
        _ path: String, unlessFor request: BuildRequest, of subject: some SweepSubject, replacing old: UUID?
    ) throws {
        let lock = try BuilderLock(store: path)
        defer { withExtendedLifetime(lock) {} }
        if let left = manifest(at: path), left.replaces == old,
            (try? request.requireMatch(left, subject: subject)) != nil,
            (try? request.requireSketch(in: DirectionStore.open(path: path), left)) != nil
        {
            return
        }
        try StoreFolder.remove(path)
    }

    private static func manifest(at path: String) -> Manifest? {
        guard let store = try? DirectionStore.open(path: path) else { return nil }
        return try? store.read { try DatabaseTables.manifest($0, path: path) }
    }
}
