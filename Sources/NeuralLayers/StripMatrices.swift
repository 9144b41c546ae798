/// The matrices that a strip of tiles is worked through as: sets of equal ones, with a row or more a tile.
///
/// Of a set's matrices A stand before the products and C behind them, the sets one after the other (`BlockedProducts`). A
/// matrix has a row of every tile for each row that a tile has, and some that no one reads to fill its last kernel.
struct StripMatrices: Sendable {
    typealias Vector = SIMD16<Float>
    /// How many matrices a set has, and how many rows each has for a tile.
    typealias MatrixSet = (count: Int, rowsPerTile: Int)

    let products: [BlockedProducts]
    /// The first vectors of the sets, A and C, and the first of their weights; the ends of the last ones too.
    private let starts: [(source: Int, result: Int, weights: Int)]
    private let tiles: Int

    init(_ sets: [MatrixSet], tiles: Int, inputBlocks: Int, outputBlocks: Int) {
        let products = sets.map {
            BlockedProducts(
                count: $0.count, rows: BlockedProducts.rows($0.rowsPerTile * tiles), inputBlocks: inputBlocks,
                outputBlocks: outputBlocks)
        }
        var starts = [(source: 0, result: 0, weights: 0)]
        for (place, product) in products.enumerated() {
            starts.append(
                (
                    source: starts[place].source + product.count * product.sourceStep,
                    result: starts[place].result + product.count * product.resultStep,
                    weights: starts[place].weights + product.count * inputBlocks * outputBlocks * 16
                ))
        }
        (self.products, self.starts, self.tiles) = (products, starts, tiles)
    }

    /// The vectors of all A, and of all C.
    var vectors: (source: Int, result: Int) {
        (starts[products.count].source, starts[products.count].result)
    }

    /// Where the rows of a set's matrix stand that are each tile's first, second, … (`row`), of one block of channels: after
    /// so many vectors, a tile after the other.
    func source(set: Int, matrix: Int, row: Int, block: Int) -> Int {
        let product = products[set]
        return starts[set].source + matrix * product.sourceStep + block * product.rows + row * tiles
    }

    func result(set: Int, matrix: Int, row: Int, block: Int) -> Int {
        let product = products[set]
        return starts[set].result + matrix * product.resultStep + block * product.rows + row * tiles
    }

    func multiply(
        _ source: UnsafePointer<Vector>, _ weights: UnsafePointer<Vector>,
        into result: UnsafeMutablePointer<Vector>
    ) {
        for (product, start) in zip(products, starts) {
            product(source + start.source, weights + start.weights, into: result + start.result)
        }
    }
}
