import DatabaseReading
import FoundationEssentials

/// How a mapper came about, as its file remembers it in JSON.
public struct MapperRecord: Codable, Equatable, Sendable {
    private static let currentFormat = 1
    private static let lengthLimit = 1 << 16
    /// As many as train-mapper takes: a training that goes on draws the faces of all steps before.
    private static let stepLimit = 1 << 30

    public let format: Int
    public let settings: MapperSettings
    public let steps: Int
    public let generator: WeightsRecord
    public let clip: WeightsRecord

    init(settings: MapperSettings, steps: Int, generator: WeightsRecord, clip: WeightsRecord) {
        format = Self.currentFormat
        self.settings = settings
        self.steps = steps
        self.generator = generator
        self.clip = clip
    }

    /// - Throws: `MapperError.notAMapper` where a value is missing or out of its range.
    init(json: String, path: String) throws(MapperError) {
        func fault(_ reason: String) -> MapperError {
            .notAMapper(path: path, reason: "its record \(reason)")
        }
        guard json.utf8.count <= Self.lengthLimit else {
            throw fault("is \(json.utf8.count) bytes, \(Self.lengthLimit) at most are read")
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
        } catch let error as MapperError {
            throw fault("has a wrong value: \(error)")
        } catch {
            throw fault("cannot be read")
        }
        guard format == Self.currentFormat else {
            throw fault("is of format \(format), and \(Self.currentFormat) is known here")
        }
        guard (0...Self.stepLimit).contains(steps) else { throw fault("has \(steps) steps") }
    }

    /// The JSON, the same whenever it is written.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
