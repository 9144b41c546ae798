/// Which w's of w+ one network of a latent mapper moves; named as the published checkpoints name them.
public enum MapperLevel: String, CaseIterable, Codable, Sendable {
    case coarse = "course_mapping"
    case medium = "medium_mapping"
    case fine = "fine_mapping"
    /// The only network of the published `SingleMapper`.
    case all = "mapping"

    /// The levels of the published `LevelsMapper`.
    public static let levels: [MapperLevel] = [.coarse, .medium, .fine]

    /// Its w's of a generator's `count`; empty where a small generator has none.
    public func latents(of count: Int) -> Range<Int> {
        switch self {
        case .coarse: 0..<min(4, count)
        case .medium: min(4, count)..<min(8, count)
        case .fine: min(8, count)..<count
        case .all: 0..<count
        }
    }

    /// What people call it.
    public var name: String {
        switch self {
        case .coarse: "coarse"
        case .medium: "medium"
        case .fine: "fine"
        case .all: "all"
        }
    }
}
