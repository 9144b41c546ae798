import Testing

@testable import FaceJudge

@Suite struct FaceRuleTests {
    private func face(
        coat: SIMD3<Float> = [0.5, 0.5, 0.5], eyes: SIMD3<Float> = [0.2, 0.5, 0.9],
        _ traits: [FaceTrait: Float] = [:]
    ) -> FaceParameters {
        var values = [Float]()
        for colour in [coat, eyes, [0.9, 0.9, 0.9]] { values += [colour.x, colour.y, colour.z] }
        values += FaceTrait.allCases.map { traits[$0] ?? 0 }
        return FaceParameters(values)
    }

    @Test func aTigerIsStripedAndOrangeWithRoundEars() throws {
        let tiger = try #require(EditExpectation.of("tiger")).rule
        let orange: SIMD3<Float> = [0.97, 0.5, 0.1]
        #expect(tiger.holds(for: face(coat: orange, [.stripes: 0.9])))
        #expect(!tiger.holds(for: face(coat: orange)))
        #expect(!tiger.holds(for: face([.stripes: 0.9])))
        #expect(!tiger.holds(for: face(coat: orange, [.stripes: 0.9, .pointedEars: 0.8])))
    }

    @Test func everyPhraseNamesSomethingAndLeavesSomethingUnnamed() {
        #expect(EditExpectation.species.count >= 10)
        #expect(EditExpectation.attributes.count >= 10)
        #expect(Set(EditExpectation.all.map(\.phrase)).count == EditExpectation.all.count)
        for expectation in EditExpectation.all {
            #expect(!expectation.rule.named.isEmpty)
            #expect(!expectation.unnamed.isEmpty)
            #expect(expectation.rule.named.isDisjoint(with: expectation.unnamed))
        }
    }

    @Test func everyColourOfARuleIsInItsPalette() {
        for expectation in EditExpectation.all {
            for (palette, names) in expectation.rule.colours {
                #expect(Set(names).isSubset(of: palette.colours.map(\.name)))
            }
        }
    }

    @Test func aColourIsNamedByItsNearest() {
        for palette in Palette.allCases {
            for (name, value) in palette.colours { #expect(palette.name(of: value + 0.01) == name) }
        }
    }

    @Test func movementIsAShareOfTheRange() {
        let (still, moved) = (face(), face(eyes: [0.15, 0.5, 0.98], [.hat: 0.75]))
        #expect(moved.movement(of: .trait(.hat), from: still) == 0.75)
        #expect(moved.movement(of: .trait(.mane), from: still) == 0)
        #expect(moved.movement(of: .colour(.coat), from: still) == 0)
        let eyes = moved.movement(of: .colour(.eyes), from: still)
        #expect(eyes > 0 && eyes < 0.2)
    }
}
