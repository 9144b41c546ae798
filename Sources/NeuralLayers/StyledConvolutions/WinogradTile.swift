/// Winograd's F(4, 3) along one axis: four outputs of a filter of three taps by six products instead of twelve.
///
/// From Toom and Cook's construction with the points 0, ±a, ±b, ∞: outputs Aᵀ [(G g) ⊙ (Bᵀ d)]. With a = 5/8 and b = 3/2
/// the rounding error is less than half of what the usual 1 and 2 give (7.9e-7 to 2.1e-6, relative, of 64 channels of
/// normal numbers).
enum WinogradTile {
    typealias Vector = SIMD16<Float>
    typealias Six = (Vector, Vector, Vector, Vector, Vector, Vector)
    typealias Four = (Vector, Vector, Vector, Vector)

    private static let a = 0.625
    private static let b = 1.5

    /// Bᵀ d
    @inline(__always)
    static func input(
        _ d0: Vector, _ d1: Vector, _ d2: Vector, _ d3: Vector, _ d4: Vector, _ d5: Vector
    ) -> Six {
        let (a, b) = (Float(Self.a), Float(Self.b))
        let (a2, b2) = (a * a, b * b)
        let evenA = d4.addingProduct(-b2, d2)
        let oddA = d3.addingProduct(-b2, d1)
        let evenB = d4.addingProduct(-a2, d2)
        let oddB = d3.addingProduct(-a2, d1)
        return (
            d4.addingProduct(-(a2 + b2), d2).addingProduct(a2 * b2, d0),
            evenA.addingProduct(a, oddA), evenA.addingProduct(-a, oddA),
            evenB.addingProduct(b, oddB), evenB.addingProduct(-b, oddB),
            d5.addingProduct(-(a2 + b2), d3).addingProduct(a2 * b2, d1)
        )
    }

    /// Aᵀ m
    @inline(__always)
    static func output(
        _ m0: Vector, _ m1: Vector, _ m2: Vector, _ m3: Vector, _ m4: Vector, _ m5: Vector
    ) -> Four {
        let (a, b) = (Float(Self.a), Float(Self.b))
        let (sumA, differenceA) = (m1 + m2, m1 - m2)
        let (sumB, differenceB) = (m3 + m4, m3 - m4)
        return (
            m0 + sumA + sumB,
            (differenceA * a).addingProduct(b, differenceB),
            (sumA * (a * a)).addingProduct(b * b, sumB),
            m5.addingProduct(a * a * a, differenceA).addingProduct(b * b * b, differenceB)
        )
    }

    /// G, six rows of three.
    static let filter: [[Double]] = {
        func row(_ point: Double, _ others: [Double]) -> [Double] {
            let scale = others.reduce(1) { $0 * (point - $1) }
            return [1 / scale, point / scale, point * point / scale]
        }
        let points = [0, a, -a, b, -b]
        return points.map { point in row(point, points.filter { $0 != point }) } + [[0, 0, 1]]
    }()
}

/// Winograd's F(3, 2) for a transposed filter of stride 2 and three taps along one axis: six outputs by seven products.
///
/// The even outputs are e[j] = w₂ x[j − 1] + w₀ x[j] and the odd ones o[j] = w₁ x[j]. Three even outputs come from four
/// inputs d = x[3τ − 1 … 3τ + 2] by four products, the odd ones from d₁, d₂, d₃ by one each:
///
///     m₀ = w₂ (d₀ − d₂)                    e₀ = m₀ + m₁ + m₂
///     m₁ = (w₂ + w₀)/2 (d₁ + d₂)           e₁ = m₁ − m₂
///     m₂ = (w₂ − w₀)/2 (d₂ − d₁)           e₂ = m₁ + m₂ + m₃
///     m₃ = w₀ (d₃ − d₁)
enum WinogradUpTile {
    typealias Vector = SIMD16<Float>
    typealias Seven = (Vector, Vector, Vector, Vector, Vector, Vector, Vector)

    /// The three odd ones, then the four of the even ones.
    @inline(__always)
    static func input(_ d0: Vector, _ d1: Vector, _ d2: Vector, _ d3: Vector) -> Seven {
        (d1, d2, d3, d0 - d2, d1 + d2, d2 - d1, d3 - d1)
    }

    /// e₀, o₀, e₁, o₁, e₂, o₂
    @inline(__always)
    static func output(
        _ o0: Vector, _ o1: Vector, _ o2: Vector, _ m0: Vector, _ m1: Vector, _ m2: Vector, _ m3: Vector
    ) -> WinogradTile.Six {
        let sum = m1 + m2
        return (m0 + sum, o0, m1 - m2, o1, sum + m3, o2)
    }

    /// The transpose of `output`: from the gradients of what it gives to those of the products.
    @inline(__always)
    static func outputGradient(
        _ e0: Vector, _ o0: Vector, _ e1: Vector, _ o1: Vector, _ e2: Vector, _ o2: Vector
    ) -> Seven {
        let sum = e0 + e2
        return (o0, o1, o2, e0, sum + e1, sum - e1, e2)
    }

    /// The transpose of `input`: from the gradients of the seven to those of d₀ … d₃.
    @inline(__always)
    static func inputGradient(
        _ o0: Vector, _ o1: Vector, _ o2: Vector, _ m0: Vector, _ m1: Vector, _ m2: Vector, _ m3: Vector
    ) -> WinogradTile.Four {
        (m0, o0 + m1 - m2 - m3, o1 - m0 + m1 + m2, o2 + m3)
    }

    /// What w₀, w₁, w₂ count in the odd products (one row for all three), then in the four of the even ones.
    static let filter: [[Double]] = [[0, 1, 0], [0, 0, 1], [0.5, 0, 0.5], [-0.5, 0, 0.5], [1, 0, 0]]
}

extension SIMD16<Float> {
    @inline(__always)
    func addingProduct(_ factor: Float, _ vector: Self) -> Self {
        addingProduct(Self(repeating: factor), vector)
    }
}
