/// Which weights: a name for people, and the fingerprint that tells whether they are the same.
public struct WeightsRecord: Hashable, Sendable, Codable, CustomStringConvertible {
    /// As the file was called; it may be called otherwise elsewhere.
    public let name: String
    /// SHA-256 of the file, in hexadecimal.
    public let fingerprint: String
    /// Of a class-conditional generator, the class that was drawn.
    public let classIndex: Int?
    /// Of a CLIP, the file of its tokenizer's merges where it was named, and not found beside the weights.
    public let merges: String?

    public init(name: String, fingerprint: String, classIndex: Int? = nil, merges: String? = nil) {
        self.name = name
        self.fingerprint = fingerprint
        self.classIndex = classIndex
        self.merges = merges
    }

    /// The fingerprint of weights that nobody named.
    private static let unknownFingerprint = String(repeating: "0", count: 64)

    /// Weights that are not known: of an imported database, whose makers did not say.
    public static let unknown = WeightsRecord(name: "unknown", fingerprint: unknownFingerprint)

    /// What the names of the embedded models begin with.
    public static let embeddedPrefix = "animal-faces/"

    public var isEmbedded: Bool { name.hasPrefix(Self.embeddedPrefix) }

    public var isKnown: Bool { fingerprint != Self.unknownFingerprint }

    /// Whether these are the same weights, drawing the same class, whatever the file is called.
    public func isSame(as other: WeightsRecord) -> Bool {
        fingerprint == other.fingerprint && classIndex == other.classIndex
    }

    public var description: String {
        "\(name) (SHA-256 \(fingerprint)\(classIndex.map { ", class \($0)" } ?? ""))"
    }
}
