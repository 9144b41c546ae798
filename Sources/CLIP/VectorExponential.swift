/// eˣ of sixteen numbers at once, to about two units in the last place of float32.
///
/// eˣ = 2ⁿ eʳ with n = round(x / ln 2) and |r| ≤ ln 2 / 2; eʳ by its Taylor polynomial of degree 7, whose remainder
/// is below 6e-9 there. Arguments are held to ±87, where neither end leaves the normal numbers.
@inline(__always)
func exponential(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let bounded = x.clamped(
        lowerBound: SIMD16(repeating: -87), upperBound: SIMD16(repeating: 87))
    let n = (bounded * 1.442_695_04).rounded(.toNearestOrEven)
    // ln 2 in two parts, the first exact in few bits, so that r loses nothing.
    let r = (bounded - n * 0.693_359_375) - n * -2.121_944_4e-4
    var polynomial = r * (1 / 5040) + (1 / 720)
    polynomial = polynomial * r + (1 / 120)
    polynomial = polynomial * r + (1 / 24)
    polynomial = polynomial * r + (1 / 6)
    polynomial = polynomial * r + 0.5
    polynomial = polynomial * r + 1
    polynomial = polynomial * r + 1
    let exponent = (SIMD16<Int32>(n) &+ 127) &<< 23
    return polynomial * unsafeBitCast(exponent, to: SIMD16<Float>.self)
}
