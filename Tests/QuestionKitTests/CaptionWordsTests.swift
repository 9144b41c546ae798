import AnimalFaces
import Testing

@Suite struct CaptionWordsTests {
    @Test func wordsOfTheCaptionsAreKnownAndOthersAreNamedOnce() {
        for phrase in [
            "tiger", "Animal wearing a hat", "white cat with blue eyes, and a smile", "cat's face",
        ] {
            #expect(CaptionWords.unknown(in: phrase) == [])
        }
        #expect(CaptionWords.unknown(in: "zebra with zebra stripes") == ["zebra"])
        #expect(CaptionWords.unknown(in: "老虎 and queen") == ["老虎", "queen"])
        #expect(CaptionWords.unknown(in: "12 !?") == [])
    }
}
