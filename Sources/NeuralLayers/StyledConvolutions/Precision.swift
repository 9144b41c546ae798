import CBFloat16

/// The arithmetic of matrix products: what their factors are rounded to. Sums are float32 in either.
public enum Precision: String, Hashable, Sendable, Codable, CaseIterable {
    case float32
    /// Eight bits of precision, twice as many products at a time where the processor has AVX-512's bfloat16.
    case bfloat16 = "bf16"

    /// Whether the program was compiled for a processor that multiplies so at full speed.
    public var isFast: Bool { self == .float32 || BFLOAT16_IS_FAST == 1 }

    /// The bytes of a factor.
    public var byteCount: Int { self == .float32 ? 4 : 2 }
}
