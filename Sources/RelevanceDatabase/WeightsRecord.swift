/// Which weights: a name for people, and the fingerprint that tells whether they are the same.
public struct WeightsRecord: Hashable, Sendable, Codable, CustomStringConvertible {
    /// As the file was called; it may be called otherwise elsewhere.
    public let name: String
    /// SHA-256 of the file, in hexadecimal.
    public let fingerprint: String

    public init(name: String, fingerprint: String) {
        self.name = name
        self.fingerprint = fingerprint
    }

    public var description: String { "\(name) (SHA-256 \(fingerprint))" }
}
