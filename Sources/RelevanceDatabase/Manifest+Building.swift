import DirectionStore
import Relevance

/// What a build asks of a database that is there.
extension Manifest {
    /// The places of the layers whose rows come from derivatives.
    var layersOfDerivatives: Set<Int> {
        guard let gradient else { return [] }
        let repaired = Set(gradient.repaired)
        return Set(layers.indices.filter { layers[$0].isSwept && !repaired.contains(layers[$0].name) })
    }

    /// - Throws: `DatabaseError.earlier` where sums are not by groups of images as this program's are.
    func requireGroups(path: String) throws(DatabaseError) {
        guard imageGroups == RelevanceSpread.imageGroups else { throw .earlier(path: path) }
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

    /// The places of the layers of these names that are to be repaired and were not before.
    func placesToRepair(_ names: [String]) -> [Int] {
        guard let before = gradient?.repaired else { return [] }
        return layers.indices.filter {
            layers[$0].isSwept && names.contains(layers[$0].name) && !before.contains(layers[$0].name)
        }
    }

    /// Forgets the sums of layers that are to be repaired and were not before.
    mutating func repair(_ names: [String], in store: DirectionStore, path: String) throws {
        let places = placesToRepair(names)
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
