import CLIP
import Checkpoints
import CommandKit
import Editing
import NeuralLayers
import StyleGAN

/// What a checkpoint holds, as people read it and as programs do.
struct CheckpointReport {
    private struct Entry: Encodable {
        let name: String
        let type: String
        let shape: [Int]
    }

    private struct Contents: Encodable {
        let file: String
        let format: String
        let tensors: Int
        let bytes: Int
        let types: [String: Int]
        let holds: String
        let sizes: [String: String]
        let problem: String?
        let use: String
        let entries: [Entry]?
    }

    private let checkpoint: Checkpoint
    private let kind: CheckpointKind
    private let entries: [Entry]
    private let bytesByType: [String: Int]
    /// What the sizes of a network are called, and what they are.
    private let sizes: [(name: String, value: String)]
    /// Why a network of a known kind cannot be used after all.
    private let problem: String?

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        kind = CheckpointKind(checkpoint)
        var entries: [Entry] = []
        var bytes: [String: Int] = [:]
        for name in checkpoint.names {
            guard let shape = checkpoint.shape(of: name), let storage = checkpoint.storage(of: name) else {
                continue
            }
            entries.append(Entry(name: name, type: storage.type, shape: shape.dimensions))
            // Views may count the same bytes twice; no sum of them overflows.
            bytes[storage.type, default: 0] &+= storage.byteCount
        }
        self.entries = entries
        bytesByType = bytes
        do {
            sizes = try Self.sizes(of: checkpoint, kind)
            problem = nil
        } catch {
            sizes = []
            problem = "\(error)"
        }
    }

    private static func sizes(
        of checkpoint: Checkpoint, _ kind: CheckpointKind
    ) throws -> [(name: String, value: String)] {
        switch kind {
        case .styleGAN2:
            let sizes = try Generator.configuration(of: checkpoint)
            let channels = sizes.blocks.map { "\($0.channels)" }.joined(separator: " ")
            return [
                ("pictures", "\(sizes.width) × \(sizes.resolution)"), ("z", "\(sizes.zDimension)"),
                ("w", "\(sizes.latentCount) × \(sizes.wDimension)"),
                ("mapping layers", "\(sizes.mappingDepth)"),
                ("channels from 4 × 4 on", channels),
            ] + (sizes.classCount > 0 ? [("classes", "\(sizes.classCount); --class chooses one")] : [])
        case .clip:
            let sizes = try CLIPModel.configuration(of: checkpoint)
            let (image, text) = (sizes.image, sizes.text)
            return [
                ("pictures", "\(sizes.imageResolution) × \(sizes.imageResolution)"),
                (
                    "image tower",
                    sizes.isResNet
                        ? "\(image.layers) blocks, attention over \(image.width) features, \(image.heads) heads"
                        : "\(image.layers) layers of \(image.width), \(image.heads) heads, patches of \(sizes.patchSize)"
                ),
                ("text tower", "\(text.layers) layers of \(text.width), \(text.heads) heads"),
                ("tokens", "\(sizes.vocabularySize), \(sizes.contextLength) a text"),
                ("embeddings", "\(sizes.dimension)"),
                ("activation", "\(name(of: sizes.activation)) (\(sizes.conventionsSource))"),
            ]
        case .latentMapper:
            let file = try MapperFile(checkpoint)
            var sizes = [
                ("phrase", Terminal.printable(file.phrase ?? "not said", limit: 200)),
                ("levels", file.levels.map(\.name).joined(separator: " ")), ("w", "\(file.wDimension)"),
            ]
            if let record = file.record {
                sizes += [
                    ("steps", "\(record.steps)"), ("generator", Terminal.printable("\(record.generator)")),
                ]
            }
            return sizes
        default: return []
        }
    }

    private static func name(of activation: ActivationFunction) -> String {
        switch activation {
        case .identity: "none"
        case .gelu: "GELU"
        case .quickGELU: "quick-GELU"
        }
    }

    private var byteCount: Int { bytesByType.values.reduce(0, &+) }

    func json(tensors: Bool) throws -> String {
        try JSONText.encode(
            Contents(
                file: checkpoint.path, format: checkpoint.format, tensors: entries.count, bytes: byteCount,
                types: bytesByType, holds: kind.description,
                sizes: Dictionary(uniqueKeysWithValues: sizes.map { ($0.name, $0.value) }), problem: problem,
                use: use, entries: tensors ? entries : nil)) + "\n"
    }

    private var use: String { problem == nil ? kind.use : "no command" }

    func text(tensors: Bool) -> String {
        let types = bytesByType.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \(Self.size($0.value))" }.joined(separator: ", ")
        var lines = [
            "\(Terminal.printable(checkpoint.path)): \(checkpoint.format), "
                + "\(ProgressReporter.grouped(entries.count)) tensor\(entries.count == 1 ? "" : "s")"
                + (types.isEmpty ? "" : " (\(types))"),
            "holds     \(kind.description)",
        ]
        lines += sizes.map { "  \($0.name): \($0.value)" }
        if let problem { lines.append("problem   \(Terminal.printable(problem, limit: 500))") }
        lines.append("taken by  \(use)")
        if tensors {
            lines += entries.map { entry in
                "\(Terminal.printable(entry.name, limit: 200))  \(entry.type) \(entry.shape)"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func size(_ bytes: Int) -> String {
        bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : bytes >= 1 << 10 ? "\(bytes >> 10) KiB" : "\(bytes) B"
    }
}
