import Foundation
import Relevance

/// What a build takes, known before it begins.
extension DatabaseBuilder {
    /// What the rest of the build takes.
    public func needs() throws -> BuildNeeds {
        BuildNeeds(
            memory: subject.buildMemory(threads: request.workers), disk: disk, pairs: try pairsLeft())
    }

    /// - Throws: `DatabaseError.notEnoughDisk` where the database cannot grow to what it needs.
    func requireDisk() throws {
        let needed = disk
        let size = try? FileManager.default.attributesOfItem(atPath: path + "/data.mdb")[.size] as? Int
        let free = try? FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize] as? Int
        let missing = needed - (size ?? 0)
        if let free, missing > free {
            throw DatabaseError.notEnoughDisk(path: path, needed: missing, free: free)
        }
    }

    /// What the database comes to on disk in bytes, at most.
    ///
    /// What changes is written elsewhere, and its old place is free again only for the transaction after the next: so there
    /// is room for what two units rewrite and, where there is a table already, for another one beside it.
    private var disk: Int {
        let numbers = manifest.sweptChannels * manifest.dimension
        let largestLayer = manifest.dimension * (manifest.layers.map(\.channels).max() ?? 0)
        let sums = 8 * RelevanceSpread.imageGroups * numbers
        let table = (4 + RelevanceSpread.imageGroups) * numbers
        // An image's derivatives go to one group's sums of all layers; pairs to those of a layer, a group an image.
        let unit = 8 * (manifest.gradient == nil ? largestLayer * request.imagesPerUnit : numbers)
        return sums + (manifest.pairsDone > 0 ? 2 : 1) * table + 2 * unit + 512 * manifest.totalChannels
            + (1 << 20)
    }
}
