import Testing

@testable import Pictures

@Suite struct CanvasTests {
    @Test func everyCharacterOfASCIIAndOfTheLabelsIsDrawnAndUnlikeTheOthers() {
        let characters = (32...126).map { Character(Unicode.Scalar(UInt8($0))) } + Array("αβσμ∆−×±°…")
        let missing = BitmapFont.glyph("漢")
        var seen: [[[Bool]]: Character] = [:]
        for character in characters {
            let glyph = BitmapFont.glyph(character)
            #expect(glyph.count == BitmapFont.height && glyph.allSatisfy { $0.count == BitmapFont.width })
            #expect(glyph != missing, "\(character) is missing")
            #expect(seen[glyph] == nil, "\(character) looks like \(String(describing: seen[glyph]))")
            seen[glyph] = character
        }
    }

    @Test func whatFallsOutsideIsCutOff() throws {
        var canvas = try Canvas(width: 4, height: 3)
        canvas.fill(x: -2, y: -2, width: 3, height: 3, with: .black)
        canvas.fill(x: 3, y: 2, width: .max, height: .max, with: .black)
        canvas.fill(x: 9, y: 9, width: 1, height: 1, with: .black)
        canvas.fill(x: 0, y: 0, width: -5, height: 2, with: .black)
        let dark = canvas.picture.pixels.enumerated().filter { $0.element == 0 }.map { $0.offset / 3 }
        #expect(Set(dark) == [0, 11])
    }

    @Test func aPictureThatHangsOverTheEdgeIsDrawnInPart() throws {
        let picture = try Picture(width: 3, height: 3, pixels: (0..<27).map { UInt8($0) })
        var canvas = try Canvas(width: 4, height: 4)
        canvas.draw(picture, x: -1, y: 2)
        #expect(canvas.picture[0, 2] == picture[1, 0])
        #expect(canvas.picture[1, 3] == picture[2, 1])
        #expect(canvas.picture[2, 3] == .white)
        canvas.draw(picture, x: 40, y: -40)
    }

    @Test func textTakesTheWidthThatItSays() throws {
        var canvas = try Canvas(width: 100, height: 30)
        canvas.write("MM", x: 2, y: 3, scale: 2)
        let dark = (0..<100).filter { x in (0..<30).contains { canvas.picture[x, $0] == .black } }
        #expect(dark.first == 2)
        #expect(dark.last == 2 + Canvas.width(of: "MM", scale: 2) - 1)
    }

    @Test func aSheetHoldsEveryPictureAtItsPlace() throws {
        let colours = (0..<6).map { Colour(red: UInt8(40 * $0), green: 7, blue: 99) }
        let pictures = try colours.map { try Picture(width: 10, height: 8, colour: $0) }
        let sheet = Sheet(
            title: "a title far too long for so narrow a sheet", columnLabels: ["−1", "0", "1"],
            rowLabels: ["1", "2"], rows: [Array(pictures[..<3]), Array(pictures[3...])], framedColumn: 1)
        let drawn = try sheet.drawn()
        for colour in colours {
            let count = (0..<drawn.height).reduce(0) { count, y in
                count + (0..<drawn.width).count { drawn[$0, y] == colour }
            }
            #expect(count == 80)
        }
    }

    @Test func aSheetOfNothingIsAnError() {
        let sheet = Sheet(title: "", columnLabels: [], rowLabels: [], rows: [])
        #expect(throws: PictureError.self) { try sheet.drawn() }
    }

    @Test func aTitleIsBrokenBetweenWordsAndCutBehindThreeLines() {
        #expect(Sheet.wrapped("tiger instead of animal face", room: 40) == ["tiger instead of animal face"])
        #expect(
            Sheet.wrapped("tiger instead of animal face", room: 16) == ["tiger instead of", "animal face"])
        #expect(Sheet.wrapped("a b c d e", room: 1) == ["a", "b", "…"])
        #expect(Sheet.wrapped("unbreakable", room: 5) == ["unbr…"])
        #expect(Sheet.wrapped("", room: 5) == [""])
    }
}
