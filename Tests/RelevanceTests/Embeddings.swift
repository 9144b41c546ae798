import Tensors

/// Seeded embeddings of no particular norm, for the tests of what is made from them.
struct Embeddings {
    private var random: NumPyRandomState
    let dimension: Int

    init(seed: UInt32, dimension: Int) {
        random = NumPyRandomState(seed: seed)
        self.dimension = dimension
    }

    mutating func next() -> [Float] { random.gaussians(dimension) }
}
