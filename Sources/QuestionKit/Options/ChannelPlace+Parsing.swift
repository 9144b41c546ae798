import DatabaseReading

extension ChannelPlace {
    /// The swept channel that is written so, `layer:channel`, with its row in the table.
    /// - Throws: `OptionError` that names the nearest ones.
    public static func parse(
        _ text: String, in database: RelevanceDatabase
    ) throws(OptionError) -> (place: ChannelPlace, row: Int) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let channel = Int(parts[1]) else {
            throw OptionError("'\(text)' is no channel; write layer:channel, for example b8.conv0:43")
        }
        var row = 0
        for layer in database.manifest.layers {
            if layer.name == parts[0] {
                guard layer.isSwept else {
                    throw OptionError("\(layer.name) makes colours and was not swept: nothing is known of it")
                }
                guard (0..<layer.channels).contains(channel) else {
                    throw OptionError(
                        "\(layer.name) has channels 0 to \(layer.channels - 1); there is no \(channel)")
                }
                return (ChannelPlace(layer: layer.name, channel: channel), row + channel)
            }
            if layer.isSwept { row += layer.channels }
        }
        let nearest = database.manifest.layers.filter(\.isSwept).map(\.name)
            .sorted { (distance($0, parts[0]), $0) < (distance($1, parts[0]), $1) }.prefix(3)
        throw OptionError("there is no layer \(parts[0]); the nearest are \(nearest.joined(separator: ", "))")
    }

    /// How many characters must be changed, added or dropped to make one text of the other (Levenshtein).
    static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.prefix(100))
        var row = Array(0...b.count)
        for (i, character) in a.prefix(100).enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let replaced = diagonal + (character == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
