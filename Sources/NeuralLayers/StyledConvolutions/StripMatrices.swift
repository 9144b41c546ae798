/// The matrices that a strip of tiles is worked through as: sets of equal ones, with a row or more a tile.
///
/// Of a set's matrices A stand before the products and C behind them, the sets one after the other (`BlockedProducts`). A
/// matrix has a row of every tile for each row that a tile has, and some that no one reads to fill its last kernel.
struct StripMatrices: Sendable {
    typealias Vector = SIMD16<Float>
    /// How many matrices a set has, and how many rows each has for a tile.
    typealias MatrixSet = (count: Int, rowsPerTile: Int)

    let products: [BlockedProducts]
    /// The first rows of the sets, A and C; the ends of the last ones too.
    private let starts: [(source: Int, result: Int)]
    private let tiles: Int

    init(_ sets: [MatrixSet], tiles: Int, inputBlocks: Int, outputBlocks: Int) {
        let products = sets.map {
            BlockedProducts(
                count: $0.count, rows: BlockedProducts.rows($0.rowsPerTile * tiles), inputBlocks: inputBlocks,
                outputBlocks: outputBlocks)
        }
        var starts = [(source: 0, result: 0)]
        for (place, product) in products.enumerated() {
            starts.append(
                (
                    source: starts[place].source + product.count * product.sourceStep,
                    result: starts[place].result + product.count * product.resultStep
                ))
        }
        (self.products, self.starts, self.tiles) = (products, starts, tiles)
    }

    /// The rows of sixteen numbers of all A, and of all C.
    var rows: (source: Int, result: Int) {
        (starts[products.count].source, starts[products.count].result)
    }

    /// Where the rows of a set's matrix stand that are each tile's first, second, … (`row`), of one block of channels: after
    /// so many rows of sixteen numbers, a tile after the other.
    func source(set: Int, matrix: Int, row: Int, block: Int) -> Int {
        let product = products[set]
        return starts[set].source + matrix * product.sourceStep + block * product.rows + row * tiles
    }

    func result(set: Int, matrix: Int, row: Int, block: Int) -> Int {
        let product = products[set]
        return starts[set].result + matrix * product.resultStep + block * product.rows + row * tiles
    }

    func multiply<Format: ProductFormat>(
        _ format: Format.Type, _ source: MemoryBlock, _ weights: MemoryBlock, into result: MemoryBlock
    ) {
        var panel = UnsafePointer(weights.pointer(to: Format.Factors.self))
        for (product, start) in zip(products, starts) {
            product(
                format, source.pointer(to: Format.Row.self) + start.source, panel,
                into: result.pixels + start.result)
            panel += product.count * product.panels(format).vectors
        }
    }
}
