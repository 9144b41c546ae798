/// What a mapper is trained with: all that its weights depend on, beside the models and the number of steps.
public struct MapperSettings: Codable, Equatable, Sendable {
    /// What faces are to become.
    public let phrase: String
    /// The sentences whose mean embedding stands for it; the published code's is "{}" alone.
    public let templates: [String]
    /// The levels that have a network.
    public let levels: [MapperLevel]
    /// η of the optimiser.
    public let learningRate: Float
    /// λ_L2, the weight of the mean square of a step's numbers.
    public let distanceWeight: Float
    /// Faces a step.
    public let batch: Int
    /// Of the faces; the next two seeds give the faces held out, and the first weights.
    public let seed: UInt32
    /// Truncation ψ of the faces.
    public let truncation: Float

    /// - Throws: `MapperError.setting` that says which is out of its range.
    public init(
        phrase: String, templates: [String], levels: [MapperLevel], learningRate: Float,
        distanceWeight: Float, batch: Int,
        seed: UInt32, truncation: Float
    ) throws(MapperError) {
        func require(_ holds: Bool, _ name: String, _ value: Any, _ needed: String) throws(MapperError) {
            guard holds else { throw .setting(name: name, value: "\(value)", needed: needed) }
        }
        try require(!levels.isEmpty, "levels", "none", "at least one of coarse, medium and fine")
        try require(learningRate > 0 && learningRate <= 100, "learning rate", learningRate, "above 0, to 100")
        try require((0...1000).contains(distanceWeight), "λ", distanceWeight, "from 0 to 1000")
        try require((1...1024).contains(batch), "batch", batch, "from 1 to 1024")
        try require((0...2).contains(truncation), "truncation", truncation, "from 0 to 2")
        self.phrase = phrase
        self.templates = templates
        self.levels = levels
        self.learningRate = learningRate
        self.distanceWeight = distanceWeight
        self.batch = batch
        self.seed = seed
        self.truncation = truncation
    }

    /// - Throws: `MapperError.setting` as well, for a value that is out of its range.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            phrase: values.decode(String.self, forKey: .phrase),
            templates: values.decode([String].self, forKey: .templates),
            levels: values.decode([MapperLevel].self, forKey: .levels),
            learningRate: values.decode(Float.self, forKey: .learningRate),
            distanceWeight: values.decode(Float.self, forKey: .distanceWeight),
            batch: values.decode(Int.self, forKey: .batch), seed: values.decode(UInt32.self, forKey: .seed),
            truncation: values.decode(Float.self, forKey: .truncation))
    }

    var heldOutSeed: UInt32 { seed &+ 1 }
    var weightsSeed: UInt32 { seed &+ 2 }
}
