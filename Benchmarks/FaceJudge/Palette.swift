/// The named colours that one part of a face is drawn in: red, green, blue from 0 to 1.
public enum Palette: String, CaseIterable, Sendable {
    case coat, eyes, background

    /// The colours that the drawn world knows by name.
    public var colours: [(name: String, value: SIMD3<Float>)] {
        switch self {
        case .coat:
            [
                ("grey", [0.55, 0.57, 0.62]), ("orange", [1, 0.52, 0.06]), ("golden", [0.98, 0.82, 0.34]),
                ("black", [0.17, 0.17, 0.2]), ("white", [0.97, 0.97, 0.96]), ("brown", [0.5, 0.3, 0.14]),
                ("pink", [1, 0.68, 0.76]),
            ]
        case .eyes:
            [
                ("brown", [0.42, 0.24, 0.08]), ("green", [0.15, 0.72, 0.25]), ("blue", [0.15, 0.5, 0.98]),
                ("yellow", [0.98, 0.8, 0.1]),
            ]
        case .background:
            [
                ("blue", [0.45, 0.68, 0.95]), ("green", [0.5, 0.82, 0.5]), ("pink", [0.98, 0.68, 0.8]),
                ("yellow", [0.98, 0.9, 0.45]), ("purple", [0.66, 0.5, 0.86]), ("white", [0.96, 0.96, 0.96]),
            ]
        }
    }

    var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The name of the nearest colour.
    public func name(of colour: SIMD3<Float>) -> String {
        colours.min { distance($0.value, colour) < distance($1.value, colour) }?.name ?? ""
    }

    /// The distance of the two colours that differ most.
    public var span: Float {
        colours.flatMap { first in colours.map { distance(first.value, $0.value) } }.max() ?? 1
    }
}

func distance(_ first: SIMD3<Float>, _ second: SIMD3<Float>) -> Float {
    let difference = first - second
    return (difference * difference).sum().squareRoot()
}
