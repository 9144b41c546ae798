/// How a table came from gradients, in the place of pairs of pictures: what a manifest remembers of it.
public struct GradientRecord: Hashable, Sendable, Codable {
    /// The directions of the embedding along which alone derivatives were taken.
    public struct Sketch: Hashable, Sendable, Codable {
        /// K, for K of the embedding's d directions.
        public let directions: Int
        /// The share of the vocabulary's ∆t that lies along them, of the sum of squares.
        public let energy: Double

        public init(directions: Int, energy: Double) {
            self.directions = directions
            self.energy = energy
        }
    }

    /// What true pairs of pictures, ±α σ_c apart, say of the same channels on the same images: cosines of rows.
    public struct Agreement: Hashable, Sendable, Codable {
        /// One layer's.
        public struct Layer: Hashable, Sendable, Codable {
            public let name: String
            public let channels: Int
            public let median: Float

            public init(name: String, channels: Int, median: Float) {
                self.name = name
                self.channels = channels
                self.median = median
            }
        }

        public let images: Int
        public let channels: Int
        public let median: Float
        public let tenthPercentile: Float
        /// In the order of the style code.
        public let layers: [Layer]

        public init(
            images: Int, channels: Int, median: Float, tenthPercentile: Float, layers: [Layer]
        ) {
            self.images = images
            self.channels = channels
            self.median = median
            self.tenthPercentile = tenthPercentile
            self.layers = layers
        }

        /// The layer whose median is smallest.
        public var worst: Layer? { layers.min { $0.median < $1.median } }
    }

    /// Whether this is no table but one direction's answer, from gradients along it.
    public var isDirect = false
    /// Nil where derivatives were taken along the whole embedding.
    public let sketch: Sketch?
    /// The layers whose rows are to come from pairs all the same.
    public var repaired: [String] = []
    /// Those of the table that do.
    public var repairedDone: [String] = []
    /// Channels of the table whose derivative vanished in every image: rows of zeros.
    public var zeroRows = 0
    /// Nil until the table was verified.
    public var agreement: Agreement?

    public init(sketch: Sketch? = nil) { self.sketch = sketch }

    /// What is outside its range, if anything is.
    func firstProblem(layers: Set<String>, dimension: Int, channels: Int) -> String? {
        for names in [repaired, repairedDone] {
            if let stranger = names.first(where: { !layers.contains($0) }) {
                return "the repaired layer '\(stranger.prefix(80))', which is not swept"
            }
            if Set(names).count != names.count { return "a layer repaired twice" }
        }
        if let sketch, !(1...dimension).contains(sketch.directions) || !(0...1.001).contains(sketch.energy) {
            return "a sketch of \(sketch.directions) directions"
        }
        if !(0...channels).contains(zeroRows) { return "\(zeroRows) rows of zeros" }
        if let agreement {
            let cosines = [agreement.median, agreement.tenthPercentile] + agreement.layers.map(\.median)
            if !cosines.allSatisfy({ abs($0) <= 1.001 }) || agreement.images < 1 || agreement.channels < 1 {
                return "an invalid agreement"
            }
            if agreement.layers.contains(where: { !layers.contains($0.name) }) {
                return "an agreement of a layer that is not swept"
            }
        }
        return nil
    }
}
