/// What can be wrong with a relevance database, or with asking for one to be built.
public enum DatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No table yet: the first build has not come to its end.
    case unfinished(path: String, pairsDone: Int, pairsAsked: Int)
    /// A part of a build, which has no table of its own.
    case part(path: String, shard: BuildShard)
    /// Parts that do not make one build together.
    case parts(reason: String)
    /// A database where a new one was to be made.
    case occupied(path: String)
    /// The bytes are a store's, but do not say what a database says.
    case damaged(path: String, reason: String)
    /// A database of a later format.
    case formatVersion(path: String, found: Int, known: Int)
    /// A database of an earlier version, whose sums do not tell standard errors: it answers, but cannot grow.
    case earlier(path: String)
    /// Built with other weights than those given; `what` is the generator or CLIP.
    case otherWeights(path: String, what: String, built: WeightsRecord, given: WeightsRecord)
    /// Built with other settings than those given, each named with both values.
    case otherSettings(path: String, differences: [String])
    /// Fewer bytes free than a build will write.
    case notEnoughDisk(path: String, needed: Int, free: Int)
    /// A number that a build cannot have; `needed` says the range.
    case request(name: String, value: Int, needed: String)
    /// A worker's result that does not fit the layer it is for.
    case misfit(layer: String, reason: String)

    public var description: String {
        switch self {
        case .unfinished(let path, let done, let asked):
            "\(path) is not finished: \(done) of \(asked) pairs a channel are done; "
                + "run the same build-relevance command again to finish it"
        case .part(let path, let shard):
            "\(path) is part \(shard) of a build; merge-relevance makes a database of all parts"
        case .parts(let reason): "these parts do not make one database: \(reason)"
        case .occupied(let path): "there is a database at \(path) already; give another folder"
        case .damaged(let path, let reason):
            "\(path) is damaged: \(reason); take it from a copy, or rebuild it with --restart"
        case .formatVersion(let path, let found, let known):
            "\(path) has format \(found); this program knows format \(known)"
        case .earlier(let path):
            "\(path) is of an earlier version, whose sums do not tell standard errors; queries may go on with it, but what "
                + "is added to needs --restart, or another folder"
        case .otherWeights(let path, let what, let built, let given):
            "\(path) was built with the \(what) \(built), not with \(given); "
                + "give those weights, another folder, or --restart"
        case .otherSettings(let path, let differences):
            "\(path) was built with other settings: \(differences.joined(separator: ", ")); "
                + "give the same ones, another folder, or --restart"
        case .notEnoughDisk(let path, let needed, let free):
            "\(path) needs \(needed >> 20) MiB of disk, and \(free >> 20) MiB are free there"
        case .request(let name, let value, let needed): "\(name) is \(value); it must be \(needed)"
        case .misfit(let layer, let reason): "the sums of layer \(layer) have the wrong shape: \(reason)"
        }
    }
}
