/// The numbers and short texts beside a pickle's tensors, by their paths: sizes, settings, step counts.
enum PickleMetadata {
    private static let maximumDepth = 4
    private static let maximumCount = 500
    private static let maximumLength = 1000
    private static let maximumVisits = 20_000

    /// Reads dictionaries and attributes near `root`; what lies deeper, or is long, is left out.
    static func read(_ root: PickleValue, in graph: PickleGraph) -> [String: String] {
        var metadata: [String: String] = [:]
        var level = [(path: "", value: root)]
        var visits = 0
        for _ in 0..<maximumDepth {
            var next: [(path: String, value: PickleValue)] = []
            for (path, value) in level {
                guard let node = graph[value] else { continue }
                var members = node
                if case .object = node.kind {
                    guard let attributes = graph.attributes(of: node).flatMap({ graph[$0] }) else { continue }
                    members = attributes
                }
                guard case .dictionary = members.kind else { continue }
                for i in stride(from: 0, to: members.items.count, by: 2) {
                    visits += 1
                    guard visits <= maximumVisits, metadata.count < maximumCount else { return metadata }
                    guard let key = members.items[i].text, key.utf8.count <= 100 else { continue }
                    let path = path.isEmpty ? key : path + "." + key
                    if let text = text(members.items[i + 1]) {
                        metadata[path] = text
                    } else {
                        next.append((path, members.items[i + 1]))
                    }
                }
            }
            level = next
        }
        return metadata
    }

    private static func text(_ value: PickleValue) -> String? {
        switch value {
        case .bool(let bool): String(bool)
        case .integer(let integer): String(integer)
        case .float(let float): String(float)
        case .text(let text): text.utf8.count <= maximumLength ? text : nil
        default: nil
        }
    }
}
