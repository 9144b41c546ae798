/// What must be true of a face for a phrase to be.
public struct FaceRule: Sendable {
    /// Traits that are there: above one half.
    public let present: [FaceTrait]
    /// Traits that are not there: at most one half.
    public let absent: [FaceTrait]
    /// The names of the colours that a part may have.
    public let colours: [Palette: [String]]

    public init(present: [FaceTrait] = [], absent: [FaceTrait] = [], colours: [Palette: [String]] = [:]) {
        self.present = present
        self.absent = absent
        self.colours = colours
    }

    public func holds(for face: FaceParameters) -> Bool {
        present.allSatisfy { face[$0] > 0.5 } && absent.allSatisfy { face[$0] <= 0.5 }
            && colours.allSatisfy { palette, names in names.contains(palette.name(of: face[palette])) }
    }

    /// The attributes that the rule says something of.
    public var named: Set<Attribute> {
        Set((present + absent).map(Attribute.trait)).union(colours.keys.map(Attribute.colour))
    }
}
