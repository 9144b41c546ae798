import CommandKit
import Pictures

/// The trade-off drawn: to the right how far pictures move to the phrase, upwards how far across it; a line a β, a dot
/// an α, a ring round the chosen one.
struct CurvePicture {
    private static let (width, height) = (720, 480)
    private static let (left, right, top, bottom) = (70, 180, 40, 50)
    private static let colours = [
        Colour(red: 31, green: 119, blue: 180), Colour(red: 255, green: 127, blue: 14),
        Colour(red: 44, green: 160, blue: 44), Colour(red: 214, green: 39, blue: 40),
        Colour(red: 148, green: 103, blue: 189), Colour(red: 140, green: 86, blue: 75),
        Colour(red: 127, green: 127, blue: 127),
    ]

    private let tuning: Tuning
    private let largest: (gain: Float, drift: Float)
    private let smallest: Float

    init(_ tuning: Tuning) {
        self.tuning = tuning
        smallest = min(0, tuning.curve.map(\.gain).min() ?? 0)
        largest = (
            max(tuning.curve.map(\.gain).max() ?? 0, 1e-6), max(tuning.curve.map(\.drift).max() ?? 0, 1e-6)
        )
    }

    func drawn() throws -> Picture {
        var canvas = try Canvas(width: Self.width, height: Self.height)
        drawAxes(&canvas)
        var betas: [Float] = []
        for point in tuning.curve where !betas.contains(point.beta) { betas.append(point.beta) }
        for (number, beta) in betas.enumerated() {
            let colour = Self.colours[number % Self.colours.count]
            let points = tuning.curve.filter { $0.beta == beta }
            for (one, other) in zip(points, points.dropFirst()) {
                line(place(one), place(other), colour, &canvas)
            }
            for point in points {
                let (x, y) = place(point)
                if beta == tuning.beta && point.alpha == tuning.alpha {
                    canvas.fill(x: x - 8, y: y - 8, width: 17, height: 17, with: .black)
                    canvas.fill(x: x - 6, y: y - 6, width: 13, height: 13, with: .white)
                }
                canvas.fill(x: x - 3, y: y - 3, width: 7, height: 7, with: colour)
            }
            let row = Self.top + 24 * number
            canvas.fill(x: Self.width - Self.right + 20, y: row, width: 12, height: 12, with: colour)
            canvas.write(
                "β \(beta): \(points.first?.kept ?? 0)", x: Self.width - Self.right + 40, y: row + 2)
        }
        canvas.write(
            "chosen: β \(tuning.beta), α \(tuning.alpha)", x: Self.left, y: 14, scale: 2)
        return canvas.picture
    }

    private func drawAxes(_ canvas: inout Canvas) {
        let grey = Colour(grey: 120)
        let (x, y) = (Self.left, Self.height - Self.bottom)
        canvas.fill(x: x, y: y, width: Self.width - Self.left - Self.right, height: 1, with: grey)
        canvas.fill(x: x, y: Self.top, width: 1, height: y - Self.top, with: grey)
        canvas.write("gain \(places(smallest)) to \(places(largest.gain))", x: x, y: y + 16)
        canvas.write("drift to", x: 6, y: Self.top)
        canvas.write(places(largest.drift), x: 6, y: Self.top + 14)
    }

    private func places(_ value: Float) -> String { SignedNumber.text(value, places: 2) }

    private func place(_ point: Tuning.Point) -> (x: Int, y: Int) {
        let (width, height) = (
            Float(Self.width - Self.left - Self.right), Float(Self.height - Self.top - Self.bottom)
        )
        return (
            Self.left + Int(width * (point.gain - smallest) / (largest.gain - smallest)),
            Self.height - Self.bottom - Int(height * point.drift / largest.drift)
        )
    }

    private func line(
        _ from: (x: Int, y: Int), _ to: (x: Int, y: Int), _ colour: Colour, _ canvas: inout Canvas
    ) {
        let steps = max(1, abs(to.x - from.x), abs(to.y - from.y))
        for step in 0...steps {
            canvas.fill(
                x: from.x + (to.x - from.x) * step / steps, y: from.y + (to.y - from.y) * step / steps,
                width: 2, height: 2, with: colour)
        }
    }
}
