/// The words that the embedded CLIP was shown.
///
/// Its captions speak of drawn animal faces alone (`Tools/AnimalFaces/captions.py`). Further words stood in them by chance,
/// before what a picture shows, so that it learned to pass over them: a phrase of such words has a direction too, which means
/// nothing.
public enum CaptionWords {
    /// The words of a phrase that say nothing to the embedded CLIP, each once.
    public static func unknown(in phrase: String) -> [String] {
        var found: [String] = []
        for word in phrase.lowercased().split(whereSeparator: { !$0.isLetter }).map(String.init)
        where !known.contains(word) && !found.contains(word) { found.append(word) }
        return found
    }

    private static let known = Set(
        """
        a an animal around background bear big black blue bright brown bunny cartoon cat cheeks cheerful cheetah clear close
        creature cropped cub dark drawing ears eye eyeglasses eyes face fox frown frowning fur glasses golden gray green grey
        happy hat image is its king kitten leopard lion long mane mask no of on one orange painting panda patches photo picture
        pig piglet pink pointy portrait purple rabbit red round sad small smile smiling snout spots spotted striped stripes the
        this tiger unhappy wearing white with without wolf yellow
        and or in at s
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
