import Testing

@testable import Directions

@Suite struct DirectionRecipeTests {
    /// Embeddings with the neutral phrase at the origin of the axes that the others lie on.
    private func embedding(_ values: Float...) -> [Float] { [1] + values }
    private let neutral: [Float] = [1, 0, 0, 0]

    private func direction(_ recipe: DirectionRecipe, _ others: [Float]...) throws -> [Float] {
        try recipe.textDirection([neutral] + others).values
    }

    @Test func aPhraseAloneIsItsDirection() throws {
        let recipe = DirectionRecipe(phrase: "a", neutral: "n")
        let target = embedding(0.3, 0.1, 0)
        #expect(
            try direction(recipe, target) == TextDirection(target: target, neutral: neutral).values)
    }

    @Test func whatIsAddedAndTakenAwayIsASumOfUnitDirections() throws {
        let recipe = DirectionRecipe(phrase: "a", neutral: "n", plus: ["b"], minus: ["c"])
        let phrases = [embedding(0.3, 0.1, 0), embedding(0, 0.5, 0.2), embedding(0.1, 0, 0.9)]
        let found = try recipe.textDirection([neutral] + phrases).values
        let parts = try phrases.map { try TextDirection(target: $0, neutral: neutral).values }
        let sum = parts[0].indices.map { parts[0][$0] + parts[1][$0] - parts[2][$0] }
        let expected = try TextDirection(sum).values
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func theDirectionIsSquareToAllThatIsLeftAlone() throws {
        let recipe = DirectionRecipe(phrase: "a", neutral: "n", without: ["b", "c", "b"])
        let phrases = [
            embedding(0.3, 0.2, 0.4), embedding(0, 0.5, 0.2), embedding(0.1, 0.4, 0.1),
            embedding(0, 0.5, 0.2),
        ]
        let direction = try recipe.textDirection([neutral] + phrases)
        let (found, leftAlone) = (direction.values, direction.leavingAlone)
        #expect(leftAlone.count == 3)
        for (phrase, named) in zip(phrases.dropFirst(), leftAlone) {
            let other = try TextDirection(target: phrase, neutral: neutral).values
            #expect(zip(named, other).allSatisfy { abs($0 - $1) < 1e-6 })
            // Products of parts of unit vectors, each rounded by 2^-24.
            #expect(abs(zip(found, other).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-6)
        }
    }

    @Test func whatCancelsIsNamed() {
        let same = embedding(0.3, 0.1, 0)
        for recipe in [
            DirectionRecipe(phrase: "a", neutral: "n", minus: ["b"]),
            DirectionRecipe(phrase: "a", neutral: "n", without: ["b"]),
        ] {
            #expect(throws: RelevanceError.self) { try recipe.textDirection([neutral, same, same]) }
        }
        #expect(throws: RelevanceError.self) {
            try DirectionRecipe(phrase: "a", neutral: "n").textDirection([neutral])
        }
    }
}
