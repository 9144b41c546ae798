import Foundation
import Tensors

/// Damages bytes by a seed: bits turned, bytes set to others or to the ends of their range, taken out, put in twice, or
/// cut off.
public struct Mutator {
    /// Mutations of each file; `MUTATIONS` in the environment asks for more.
    public static let count = number("MUTATIONS").map { max($0, 0) } ?? 3000

    private var random: NumPyRandomState

    /// - Parameter seed: of a file; `MUTATION_SEED` in the environment is added, for mutations that were not tried yet.
    public init(seed: UInt32) {
        let more = UInt32(truncatingIfNeeded: Self.number("MUTATION_SEED") ?? 0)
        random = NumPyRandomState(seed: seed &+ more &* 1000)
    }

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    /// The bytes with one to four damages.
    public mutating func mutated(_ whole: [UInt8]) -> [UInt8] {
        var bytes = whole
        for _ in 0...Int(random.next() % 4) where bytes.count > 1 {
            let place = Int(random.next()) % bytes.count
            switch random.next() % 8 {
            case 0, 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2, 3: bytes[place] ^= 1 << UInt8(random.next() % 8)
            case 4, 5: bytes[place] = [0, 0x7f, 0x80, 0xff][Int(random.next() % 4)]
            case 6: bytes.remove(at: place)
            default:
                let count = min(Int(random.next() % 16) + 1, bytes.count - place)
                if random.next() % 8 == 0 {
                    bytes.removeLast(count)
                } else {
                    bytes.insert(contentsOf: bytes[place..<place + count], at: place)
                }
            }
        }
        return bytes
    }
}
