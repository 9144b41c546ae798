/// Numbers of either sign as people read them, with four places.
public enum SignedNumber {
    public static func text(_ value: Float, places: Int = 4) -> String {
        (value < 0 ? "−" : "+") + FixedDecimal.text(Double(abs(value)), places: places)
    }
}
