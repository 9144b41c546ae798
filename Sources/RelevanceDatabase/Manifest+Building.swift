import DirectionStore

/// What a build asks of a database that is there.
extension Manifest {
    /// The places of the layers whose rows come from derivatives.
    var layersOfDerivatives: Set<Int> {
        guard let gradient else { return [] }
        let repaired = Set(gradient.repaired)
        return Set(layers.indices.filter { layers[$0].isSwept && !repaired.contains(layers[$0].name) })
    }

    /// Asks for these layers (nil: all) beside those that were asked for or are in the table.
    mutating func ask(for names: [String]?) {
        guard let names, let before = layersAsked else {
            layersAsked = nil
            return
        }
        let all = Set(names).union(before)
        let swept = layers.filter { $0.isSwept && all.contains($0.name) }.map(\.name)
        layersAsked = swept.count == layers.count(where: \.isSwept) ? nil : swept
    }

    /// Forgets the sums of layers that are to be repaired and were not before.
    mutating func repair(_ names: [String], in store: DirectionStore, path: String) throws {
        guard let before = gradient?.repaired else { return }
        let places = layers.indices.filter {
            layers[$0].isSwept && names.contains(layers[$0].name)
                && !before.contains(layers[$0].name)
        }
        guard !places.isEmpty else { return }
        let names = places.map { [layers] in layers[$0].name }
        gradient?.repaired += names
        let changed = self
        try store.write { transaction in
            let done = try DatabaseTables.done(transaction.reading, changed, path: path)
            for place in places {
                try DatabaseTables.removeSums(
                    of: changed.layers[place], done: done[place, default: []], transaction)
            }
            try DatabaseTables.put(changed, transaction)
        }
    }
}
