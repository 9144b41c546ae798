import DirectionStore

/// Everything that queries read, and everything that further pairs add to, without the manifest's identity.
func toyContents(_ path: String) throws -> [String: [UInt8]] {
    let store = try DirectionStore.open(path: path)
    var contents: [String: [UInt8]] = [:]
    try store.read { transaction in
        for table in [Table.statistics, .relevance, .spread, .sums] {
            try transaction.forEach(in: table) { key, value in
                contents["\(table) \(key)"] = value.withUnsafeBytes { Array($0) }
            }
        }
    }
    return contents
}
