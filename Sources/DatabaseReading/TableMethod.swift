/// How the rows of a table, ∆i_c, come about.
public enum TableMethod: String, Hashable, Sendable, Codable, CaseIterable {
    /// From pairs of pictures, ±α σ_c apart: two pictures an image and channel.
    case pairs
    /// From the derivative of the embedding: d vector-Jacobian products an image, for all channels at once.
    case gradient
}
