import Checkpoints
import Tensors

/// A direction for other programs: ∆s of every layer, toRGB layers as zeros, with its record.
public struct DirectionFile: Sendable {
    public enum Format: String, CaseIterable, Sendable {
        /// An array a layer, and the record as the text `manifest`.
        case npz
        /// A tensor a layer, and the record as the metadata `manifest`.
        case safetensors
        /// `{"manifest": …, "layers": {"b4.conv1": […], …}}`.
        case json
        /// A line a channel: layer, channel, relevance, change; the record in a comment at the top.
        case csv

        /// The format of a file's name by its ending.
        public init?(path: String) {
            guard let dot = path.lastIndex(of: ".") else { return nil }
            self.init(rawValue: path[path.index(after: dot)...].lowercased())
        }
    }

    private let answer: DirectionAnswer

    public init(_ answer: DirectionAnswer) { self.answer = answer }

    /// Writes the file, whole or not at all.
    /// - Throws: `CheckpointError.unwritable`.
    public func write(path: String, format: Format) throws {
        let record = try DirectionRecord(answer).json()
        switch format {
        case .npz:
            try NumPyArchive.write(
                layers.map { ($0.name, .tensor($0.change)) } + [("manifest", .text(record))], path: path)
        case .safetensors:
            try SafetensorsFile.write(
                Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.change) }),
                metadata: ["manifest": record], path: path)
        case .json, .csv:
            try WholeFile.write(path: path, contents: text(format).utf8)
        }
    }

    /// The file's text, in a format that is one.
    public func text(_ format: Format) throws -> String {
        format == .json ? try json() : try csv()
    }

    private var layers: [(name: String, change: Tensor)] {
        answer.database.manifest.layerRanges.map { layer, range in
            (layer.name, Tensor(Array(answer.direction.change[range])))
        }
    }

    private func json() throws -> String {
        let layers = try layers.map { layer in
            "\(try JSONText.encode(layer.name)):[\(layer.change.values.map(\.description).joined(separator: ","))]"
        }
        return
            "{\"manifest\":\(try DirectionRecord(answer).json()),\"layers\":{\(layers.joined(separator: ","))}}\n"
    }

    private func csv() throws -> String {
        var relevance = [Float?](repeating: nil, count: answer.direction.change.count)
        for (value, position) in zip(answer.direction.relevance, answer.database.channels.positions) {
            relevance[position] = value
        }
        var text = "# manifest: \(try DirectionRecord(answer).json())\nlayer,channel,relevance,change\n"
        for (place, position) in zip(answer.database.manifest.places, relevance.indices) {
            // A toRGB channel has no relevance: nobody asked what it does.
            let relevance = relevance[position].map(\.description) ?? ""
            text += "\(place.layer),\(place.channel),\(relevance),\(answer.direction.change[position])\n"
        }
        return text
    }
}
