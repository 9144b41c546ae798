import ArgumentParser

/// A number of bytes as people write it: 3G, 800M, 1.5G, or plain bytes.
struct MemorySize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [Character: Double] = ["K": 0x1p10, "M": 0x1p20, "G": 0x1p30, "T": 0x1p40]
        let unit = argument.last.flatMap { units[Character($0.uppercased())] }
        guard let number = Double(unit == nil ? argument[...] : argument.dropLast()), number > 0 else {
            return nil
        }
        let bytes = number * (unit ?? 1)
        guard bytes >= 1, bytes < 0x1p60 else { return nil }
        self.bytes = Int(bytes)
    }
}
