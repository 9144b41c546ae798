import Glibc

/// What the processor can do, as Linux says it.
enum Processor {
    /// Whether it has a feature, by its name in `/proc/cpuinfo`; false where that cannot be read.
    static func has(_ feature: String) -> Bool {
        guard let file = fopen("/proc/cpuinfo", "r") else { return false }
        defer { fclose(file) }
        // The first processor's lines are enough; the list of features is one of them.
        var line = [CChar](repeating: 0, count: 1 << 14)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("flags") {
                return text.split(whereSeparator: \.isWhitespace).contains { $0 == feature }
            }
        }
        return false
    }
}
