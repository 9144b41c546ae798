import Foundation
import NeuralLayers
import Relevance

/// What a build is asked for.
public struct BuildRequest: Sendable {
    /// The database's folder.
    public var path: String
    public var generator: WeightsRecord
    public var clip: WeightsRecord
    public var settings: SweepSettings
    /// Images, and so pairs, a channel.
    public var pairs: Int
    /// The arithmetic of the sweep, by name.
    public var precision = Precision.float32.rawValue
    /// The phrase that queries of a new database start from unless told otherwise.
    public var neutral: String
    /// Whether it takes the place of the one that a database has already.
    public var changesNeutral = false
    public var toolVersion: String
    /// What the rest of the build is computed with.
    public var instructionSet = InstructionSet.name
    /// Threads that sweep side by side; the result does not depend on it.
    public var workers = 1
    /// Images whose pairs are added in one transaction: what an interruption can lose, times the workers.
    public var imagesPerUnit = 4
    /// The names of the layers to sweep, in the order of the style code; nil is all. A database that has others keeps
    /// them: what is missing is added by later calls.
    public var layers: [String]?
    /// The part to build where a build is shared out; nil is all of it.
    public var shard: BuildShard?
    /// When channels get no more pairs: of a whole build from pairs; nil where all of them get all.
    public var tolerance: ToleranceRecord?
    /// By what the rows come about.
    public var method = TableMethod.pairs
    /// Of derivatives, the directions along which they are taken; nil for the whole embedding.
    public var sketch: SketchRequest?
    /// Of a table from gradients, layers whose rows are to come from pairs.
    public var repairs: [String] = []
    /// Of a table from gradients, how many channels true pairs are to verify; 0 for none. Nil for 64 of a table that was
    /// not verified yet.
    public var verifiedChannels: Int?
    /// Whether to build anew what is there; the old database stays whole until the new one is complete.
    public var restart = false

    public init(
        path: String, generator: WeightsRecord, clip: WeightsRecord, settings: SweepSettings,
        pairs: Int = SweepSettings.defaultPairs, neutral: String, toolVersion: String
    ) {
        self.path = path
        self.generator = generator
        self.clip = clip
        self.settings = settings
        self.pairs = pairs
        self.neutral = neutral
        self.toolVersion = toolVersion
    }

    /// Throws `DatabaseError.request` that names the number and its range.
    func validate() throws(DatabaseError) {
        let numbers = [
            ("pairs", pairs, 1...Int(ChannelSums.pairLimit)), ("workers", workers, 1...1024),
            ("images a unit", imagesPerUnit, 1...4096),
            ("channels to verify", verifiedChannels ?? 0, 0...1 << 20),
        ]
        for (name, value, range) in numbers where !range.contains(value) {
            throw .request(
                name: name, value: value, needed: "from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// `layers`, or nil where they are all the swept layers there are.
    func layersAsked(of swept: [LayerRecord]) -> [String]? {
        let names = swept.filter(\.isSwept).map(\.name)
        return layers.flatMap { Set(names).isSubset(of: $0) ? nil : $0 }
    }

    /// What a new manifest has of gradients.
    private var gradientRecord: GradientRecord? {
        guard method == .gradient else { return nil }
        var record = GradientRecord(sketch: sketch?.record)
        record.repaired = repairs
        return record
    }

    /// The manifest of a new database for this request.
    func manifest(of subject: some SweepSubject, replacing old: UUID?) -> Manifest {
        Manifest(
            replaces: old, generator: generator, clip: clip, layers: subject.layers,
            dimension: subject.dimension,
            settings: settings, precision: precision, neutral: neutral, toolVersion: toolVersion,
            pairsAsked: pairs, layersAsked: layersAsked(of: subject.layers), shard: shard,
            gradient: gradientRecord, tolerance: tolerance, imageGroups: RelevanceSpread.imageGroups)
    }

    /// Throws unless pairs of this request may be added to those of a database.
    func requireMatch(_ manifest: Manifest, subject: some SweepSubject) throws(DatabaseError) {
        for (what, built, given) in [
            ("generator", manifest.generator, generator), ("CLIP", manifest.clip, clip),
        ]
        where !built.isSame(as: given) {
            throw .otherWeights(path: path, what: what, built: built, given: given)
        }
        let there = manifest.settings
        var rows: [(String, String, String)] = [
            ("α", "\(there.alpha)", "\(settings.alpha)"),
            ("centre", there.centre.rawValue, settings.centre.rawValue),
            ("truncation ψ", "\(there.truncationPsi)", "\(settings.truncationPsi)"),
            ("truncation cutoff", "\(there.truncationCutoff)", "\(settings.truncationCutoff)"),
            ("seed", "\(there.seed)", "\(settings.seed)"),
            ("statistics samples", "\(there.statisticsSamples)", "\(settings.statisticsSamples)"),
            (
                "render resolution", there.renderResolution.map(String.init) ?? "the generator's",
                settings.renderResolution.map(String.init) ?? "the generator's"
            ),
            ("precision", manifest.precision, precision),
            (
                "tolerance", manifest.tolerance.map { "\($0.angle)" } ?? "none",
                tolerance.map { "\($0.angle)" } ?? "none"
            ),
            ("method", manifest.method.rawValue, method.rawValue),
            (
                "sketch", manifest.gradient?.sketch.map { "\($0.directions)" } ?? "none",
                sketch.map { "\($0.record.directions)" } ?? "none"
            ),
            ("part", manifest.shard?.description ?? "the whole", shard?.description ?? "the whole"),
        ]
        if shard != nil {
            // What belongs to a part follows from these, so it does not grow.
            rows.append(("pairs", "\(manifest.pairsAsked)", "\(pairs)"))
            let asked = [manifest.layersAsked, layersAsked(of: subject.layers)]
                .map { $0?.joined(separator: ", ") ?? "all" }
            rows.append(("layers", asked[0], asked[1]))
        }
        let differences = rows.filter { $0.1 != $0.2 }.map { "\($0.0) is \($0.1) there and \($0.2) here" }
        guard differences.isEmpty else { throw .otherSettings(path: path, differences: differences) }
        try manifest.requireGroups(path: path)
        guard manifest.layers == subject.layers, manifest.dimension == subject.dimension else {
            throw .damaged(path: path, reason: "its layers are not those of the weights that it names")
        }
    }
}
