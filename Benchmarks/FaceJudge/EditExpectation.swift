/// A phrase, and what must have become true of faces that were edited towards it.
public struct EditExpectation: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case species, attribute
    }

    public let phrase: String
    public let kind: Kind
    public let rule: FaceRule
    /// What the phrase does not speak of, and an edit should leave alone.
    public let unnamed: [Attribute]

    /// - Parameter implied: Attributes that may follow the named ones, such as a hat's colour.
    init(_ phrase: String, _ kind: Kind, _ rule: FaceRule, implied: Set<Attribute> = []) {
        self.phrase = phrase
        self.kind = kind
        self.rule = rule
        // A hat's colour shows nothing where there is no hat.
        let silent = rule.named.union(implied).union([.trait(.redHat)])
        unnamed = Attribute.all.filter { !silent.contains($0) }
    }

    public static func of(_ phrase: String) -> EditExpectation? { all.first { $0.phrase == phrase } }

    public static let all = species + attributes

    /// The drawn world's ten species, each by the rule that names it in captions.
    public static let species: [EditExpectation] = {
        let marks: [FaceTrait] = [.stripes, .spots, .mane, .patch, .mask, .snout]
        func species(
            _ name: String, _ present: [FaceTrait], _ coats: [String], without absent: [FaceTrait]
        ) -> EditExpectation {
            EditExpectation(
                name, .species, FaceRule(present: present, absent: absent, colours: [.coat: coats]),
                // A species is told by its marks and ears as a whole: that others fade is part of becoming one.
                implied: Set((marks + [.longEars, .pointedEars]).map(Attribute.trait)))
        }
        return [
            species(
                "cat", [.pointedEars], ["grey", "black", "white", "orange", "brown"],
                without: marks + [.longEars]),
            species("fox", [.mask, .pointedEars], ["orange"], without: [.longEars]),
            species("tiger", [.stripes], ["orange"], without: [.pointedEars, .longEars]),
            species("lion", [.mane], ["golden"], without: []),
            species("wolf", [.mask, .pointedEars], ["grey"], without: [.longEars]),
            species("bear", [], ["brown"], without: marks + [.longEars, .pointedEars]),
            species("panda", [.patch], ["white"], without: [.pointedEars, .longEars]),
            species("rabbit", [.longEars], ["white", "brown", "grey"], without: []),
            species("leopard", [.spots], ["golden"], without: [.pointedEars, .longEars]),
            species("pig", [.snout], ["pink"], without: []),
        ]
    }()

    /// Single attributes, which say nothing of the species.
    public static let attributes: [EditExpectation] = [
        EditExpectation("animal wearing glasses", .attribute, FaceRule(present: [.glasses])),
        EditExpectation("animal wearing a hat", .attribute, FaceRule(present: [.hat])),
        EditExpectation("animal with stripes", .attribute, FaceRule(present: [.stripes])),
        EditExpectation("animal with spots", .attribute, FaceRule(present: [.spots])),
        EditExpectation("animal with a mane", .attribute, FaceRule(present: [.mane])),
        EditExpectation("animal with long ears", .attribute, FaceRule(present: [.longEars])),
        EditExpectation("animal with a snout", .attribute, FaceRule(present: [.snout])),
        EditExpectation("smiling animal", .attribute, FaceRule(present: [.smile])),
        EditExpectation("animal with blue eyes", .attribute, FaceRule(colours: [.eyes: ["blue"]])),
        EditExpectation("animal with green eyes", .attribute, FaceRule(colours: [.eyes: ["green"]])),
        EditExpectation("orange animal", .attribute, FaceRule(colours: [.coat: ["orange"]])),
        EditExpectation("black animal", .attribute, FaceRule(colours: [.coat: ["black"]])),
        EditExpectation("white animal", .attribute, FaceRule(colours: [.coat: ["white"]])),
        EditExpectation("pink animal", .attribute, FaceRule(colours: [.coat: ["pink"]])),
        EditExpectation(
            "animal on a purple background", .attribute, FaceRule(colours: [.background: ["purple"]])),
    ]
}
