/// What a face was drawn with, as the regressor reads it off a picture.
public struct FaceParameters: Sendable {
    /// Three colours and the traits.
    static let count = 3 * Palette.allCases.count + FaceTrait.allCases.count

    private let values: [Float]

    init(_ values: [Float]) {
        precondition(values.count == Self.count, "a face has \(Self.count) parameters")
        self.values = values
    }

    public subscript(trait: FaceTrait) -> Float { values[3 * Palette.allCases.count + trait.index] }

    public subscript(palette: Palette) -> SIMD3<Float> {
        let first = 3 * palette.index
        return [values[first], values[first + 1], values[first + 2]]
    }

    /// How far a trait or colour is from another face's, as a share of its range.
    public func movement(of attribute: Attribute, from other: FaceParameters) -> Float {
        switch attribute {
        case .trait(let trait): min(1, abs(self[trait] - other[trait]))
        case .colour(let palette): min(1, distance(self[palette], other[palette]) / palette.span)
        }
    }
}

/// One thing that can be said of a face.
public enum Attribute: Hashable, Sendable {
    case trait(FaceTrait)
    case colour(Palette)

    public static let all = FaceTrait.allCases.map(Attribute.trait) + Palette.allCases.map(Attribute.colour)
}
