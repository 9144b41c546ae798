import Directions
import FoundationEssentials

/// What a database was built from, and how far: the JSON under `manifest`.
public struct Manifest: Hashable, Sendable, Codable {
    /// The format that this program writes, and the only one that it reads.
    public static let formatVersion = 1

    public let formatVersion: Int
    /// Tells this build from every other one, whatever the folder is called.
    public let identity: UUID
    /// The database whose place this one is to take when it is complete (`--restart`).
    public let replaces: UUID?
    public let generator: WeightsRecord
    public let clip: WeightsRecord
    /// Every layer in the order of the style code, toRGB layers included.
    public let layers: [LayerRecord]
    /// The width of an embedding, d.
    public let dimension: Int
    public let settings: SweepSettings
    /// The arithmetic of the sweep.
    public let precision: String
    /// The phrase that queries start from unless told otherwise.
    public var neutral: String
    /// The version of the program that wrote last.
    public var toolVersion: String
    /// The instruction sets of the processors that took part, sorted. With two of them the table is right to rounding, but
    /// its bits are those of no single build. Nil where they were not written down.
    public private(set) var instructionSets: [String]?
    /// Pairs a channel that were asked for.
    public var pairsAsked: Int
    /// Pairs a channel behind the table that queries read; 0 before the first build is complete.
    public var pairsDone: Int
    /// The names of the swept layers that were asked for; nil is all of them.
    public var layersAsked: [String]?
    /// The names of the layers behind the table; nil is all of them. Other channels have rows of zeros.
    public var layersDone: [String]?
    /// Which part of a build this is, to be merged with the others; nil is a whole one.
    public let shard: BuildShard?
    /// How the table came from gradients; nil where it came from pairs of pictures.
    public var gradient: GradientRecord?
    /// When channels get no more pairs; nil where all of them get all.
    public var tolerance: ToleranceRecord?
    /// K: in how many groups images were summed, image i in group i mod K, from which standard errors come. Nil where a
    /// table was brought from elsewhere, or was built before there were groups: it has no standard errors.
    public let imageGroups: Int?

    public init(
        replaces: UUID? = nil, generator: WeightsRecord, clip: WeightsRecord, layers: [LayerRecord],
        dimension: Int,
        settings: SweepSettings, precision: String, neutral: String, toolVersion: String, pairsAsked: Int,
        layersAsked: [String]? = nil, shard: BuildShard? = nil, gradient: GradientRecord? = nil,
        tolerance: ToleranceRecord? = nil, imageGroups: Int? = nil
    ) {
        formatVersion = Self.formatVersion
        identity = UUID()
        self.replaces = replaces
        self.generator = generator
        self.clip = clip
        self.layers = layers
        self.dimension = dimension
        self.settings = settings
        self.precision = precision
        self.neutral = neutral
        self.toolVersion = toolVersion
        self.pairsAsked = pairsAsked
        self.layersAsked = layersAsked
        self.shard = shard
        self.gradient = gradient
        self.tolerance = tolerance
        self.imageGroups = imageGroups
        pairsDone = 0
    }

    /// Writes down that processors of these sets took part.
    package mutating func add(instructionSets names: [String]) {
        guard !names.isEmpty else { return }
        instructionSets = Set(instructionSets ?? []).union(names).sorted()
    }

    /// The manifest of the build that this is a part of.
    package func whole(toolVersion: String) -> Manifest {
        Manifest(
            generator: generator, clip: clip, layers: layers, dimension: dimension, settings: settings,
            precision: precision, neutral: neutral, toolVersion: toolVersion, pairsAsked: pairsAsked,
            layersAsked: layersAsked, gradient: gradient, imageGroups: imageGroups)
    }

    /// Whether the table holds all the pairs that were asked for.
    public var isComplete: Bool {
        pairsDone == pairsAsked && layersDone == layersAsked && gradient?.repaired == gradient?.repairedDone
    }

    /// Whether the table has standard errors: they take two images.
    public var hasStandardErrors: Bool { imageGroups != nil && pairsDone > 1 }

    /// By what the table was made, or "direct" where there is none but one direction's answer.
    public var methodName: String { gradient?.isDirect == true ? "direct" : method.rawValue }

    /// By what the table was made.
    public var method: TableMethod { gradient == nil ? .pairs : .gradient }

    /// The number of style channels, toRGB layers included: C_total.
    public var totalChannels: Int { layers.reduce(0) { $0 + $1.channels } }

    /// The number of swept channels, C.
    public var sweptChannels: Int { layers.reduce(0) { $0 + ($1.isSwept ? $1.channels : 0) } }

    /// Where the rows of the table stand in the style code.
    public func channels() throws(RelevanceError) -> SweptChannels {
        var ranges: [Range<Int>] = []
        var start = 0
        for layer in layers {
            if layer.isSwept { ranges.append(start..<start + layer.channels) }
            start += layer.channels
        }
        return try SweptChannels(ranges: ranges, total: start)
    }

    /// What is to be swept: the images of each layer, by its place.
    package var work: [Int: Range<Int>] {
        let asked = layersAsked.map(Set.init)
        let places = layers.indices.filter { layers[$0].isSwept && asked?.contains(layers[$0].name) != false }
        guard let shard else {
            return Dictionary(uniqueKeysWithValues: places.map { ($0, 0..<pairsAsked) })
        }
        let images = shard.images(pairs: pairsAsked, channels: places.map { layers[$0].channels })
        return Dictionary(uniqueKeysWithValues: zip(places, images))
    }

    /// How far the work is where `done` is in the sums: pairs of the channel that has the fewest, and of how many.
    ///
    /// - Returns: Equal numbers exactly where all of it is done.
    package func progress(_ done: [Int: [Range<Int>]]) -> (done: Int, asked: Int) {
        let asked = work.values.map(\.count).max() ?? 0
        let left = work.map { layer, images in
            images.count - done[layer, default: []].reduce(0) { $0 + $1.clamped(to: images).count }
        }
        return (asked - (left.max() ?? 0), asked)
    }

    // MARK: JSON

    private struct Version: Decodable {
        let formatVersion: Int
    }

    /// A manifest from its JSON, every value held to its range.
    ///
    /// - Throws: `DatabaseError.formatVersion`, or `.damaged` that names what is out of range.
    public init(json: [UInt8], path: String) throws(DatabaseError) {
        guard json.count <= 1 << 20 else {
            throw .damaged(path: path, reason: "its manifest is \(json.count) bytes")
        }
        let manifest: Manifest
        do {
            let data = Data(json)
            let version = try JSONDecoder().decode(Version.self, from: data).formatVersion
            guard version == Self.formatVersion else {
                throw DatabaseError.formatVersion(path: path, found: version, known: Self.formatVersion)
            }
            manifest = try JSONDecoder().decode(Manifest.self, from: data)
        } catch let error as DatabaseError {
            throw error
        } catch {
            throw .damaged(path: path, reason: "its manifest cannot be read: \(Self.reason(of: error))")
        }
        if let problem = manifest.firstProblem {
            throw .damaged(path: path, reason: "its manifest has \(problem)")
        }
        self = manifest
    }

    /// The JSON, in the same order of keys whenever it is written.
    public func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// What is outside its range, if anything is; nil means that sizes may be computed from the manifest.
    package var firstProblem: String? {
        let widest = 1 << 16
        let text =
            [generator.name, clip.name, clip.merges ?? "", precision, neutral, toolVersion]
            + (instructionSets ?? [])
        if text.contains(where: { $0.utf8.count > 4096 }) { return "an overlong text" }
        if text.contains(where: { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } })
        {
            return "control characters in a text"
        }
        for weights in [generator, clip]
        where weights.fingerprint.utf8.count != 64 || !weights.fingerprint.allSatisfy(\.isHexDigit) {
            return "'\(weights.fingerprint.prefix(80))' for a SHA-256"
        }
        if !(1...256).contains(layers.count) { return "\(layers.count) layers" }
        if Set(layers.map(\.name)).count != layers.count { return "two layers of one name" }
        for layer in layers {
            // A name stands in keys, in tables and on terminals as it is.
            if !(1...64).contains(layer.name.utf8.count) || !layer.name.utf8.allSatisfy(Self.isPlain) {
                return "a layer named '\(layer.name.prefix(80))'; a name is of letters, digits and . _ -"
            }
            if !(1...widest).contains(layer.channels) { return "\(layer.channels) channels in \(layer.name)" }
            if !(1...widest).contains(layer.resolution) {
                return "resolution \(layer.resolution) in \(layer.name)"
            }
        }
        if sweptChannels == 0 { return "no swept layer" }
        if !(1...widest).contains(dimension) { return "embeddings of width \(dimension)" }
        if !(1...Int(SweepSettings.pairLimit)).contains(pairsAsked) { return "\(pairsAsked) pairs asked" }
        if !(0...pairsAsked).contains(pairsDone) { return "\(pairsDone) pairs done of \(pairsAsked)" }
        let swept = Set(layers.lazy.filter(\.isSwept).map(\.name))
        for names in [layersAsked, layersDone] {
            guard let names else { continue }
            if let stranger = names.first(where: { !swept.contains($0) }) {
                return "the layer '\(stranger.prefix(80))' among its parts, which is not swept"
            }
            if names.isEmpty || Set(names).count != names.count {
                return "an empty or repeated list of layers"
            }
        }
        if let imageGroups, !(2...64).contains(imageGroups) { return "\(imageGroups) groups of images" }
        if let problem = gradient?.firstProblem(
            layers: swept, dimension: dimension, channels: sweptChannels)
        {
            return problem
        }
        if let tolerance {
            if shard != nil || gradient != nil { return "a tolerance, which is of whole builds from pairs" }
            return tolerance.firstProblem(channels: sweptChannels, pairsAsked: pairsAsked)
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }

    private static func reason(of error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is of another type"
        case DecodingError.dataCorrupted(let context): context.debugDescription
        default: "\(error)"
        }
    }
}
