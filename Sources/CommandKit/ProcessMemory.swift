import Foundation

/// What memory the machine has free, and what of it this program has taken.
public enum ProcessMemory {
    /// What comes on top while networks work, whatever their sizes: kernels that oneDNN compiles, pages of libraries that
    /// were not touched before, stacks, what the allocator holds back.
    private static let overhead = 24 << 20

    /// What is free, in bytes; nil where nobody knows.
    public static var available: Int? { kilobytes(of: "MemAvailable", in: "/proc/meminfo").map { $0 << 10 } }

    /// What the program has resident, in bytes: once models are open, what is mapped of their files counts as well.
    public static var resident: Int { (kilobytes(of: "VmRSS", in: "/proc/self/status") ?? 0) << 10 }

    /// What the program will take more where its networks take so much, at most, in bytes.
    public static func growth(networks: Int) -> Int { overhead + networks }

    /// Refuses what the kernel would end by force after a while.
    public static func requireFree(networks: Int, threads: Int) throws(OptionError) {
        guard let available, growth(networks: networks) > available else { return }
        throw OptionError(
            "\((resident + growth(networks: networks)) >> 20) MiB of memory are needed for \(threads) threads, and "
                + "\(available >> 20) MiB are free; fewer --threads need less")
    }

    /// A number from a line `name:   number kB` of one of the kernel's files.
    private static func kilobytes(of name: String, in path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") })
        else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
}
