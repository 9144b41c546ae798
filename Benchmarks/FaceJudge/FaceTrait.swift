/// What a drawn face has or has not, from 0 to 1: in the order of the regressor's outputs.
public enum FaceTrait: String, CaseIterable, Sendable {
    case stripes, spots, mane
    /// Black patches around the eyes.
    case patch
    /// White cheeks.
    case mask
    case longEars, pointedEars, snout, glasses, hat
    /// 1 smiles, 0 frowns.
    case smile
    /// Whether the hat is red; it is blue otherwise.
    case redHat

    var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
