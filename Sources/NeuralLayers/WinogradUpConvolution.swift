import COneDNN
import Tensors

/// The transposed 3×3 convolution of stride 2 with 5.4 multiplications a pixel and pair of channels for the direct
/// algorithm's 9: Winograd's F(3, 2) along each axis on top of 1×1 convolutions.
///
/// Along one axis the even outputs are e[j] = w₂ x[j − 1] + w₀ x[j] and the odd ones o[j] = w₁ x[j]. Three even
/// outputs come from four inputs d = x[3τ − 1 … 3τ + 2] by four products instead of six:
///
///     m₀ = w₂ (d₀ − d₂)                    e₀ = m₀ + m₁ + m₂
///     m₁ = (w₂ + w₀)/2 (d₁ + d₂)           e₁ = m₁ − m₂
///     m₂ = (w₂ − w₀)/2 (d₂ − d₁)           e₂ = m₁ + m₂ + m₃
///     m₃ = w₀ (d₃ − d₁)
///
/// In two dimensions the rows and the columns are each even or odd. A product for every pair of points, where odd has
/// one point and even has four, makes 25 convolutions 1×1, on maps of these sizes (T = ⌈(H + 1)/3⌉ tiles):
/// odd rows and columns H × W, even rows T × W, even columns H × T, both T × T.
struct WinogradUpConvolution {
    /// One of the 25 products: where a row and a column stand in the pattern; nil is odd.
    struct Point: Sendable {
        let row: Int?
        let column: Int?
    }

    static let points: [Point] = {
        let places: [Int?] = [nil, 0, 1, 2, 3]
        return places.flatMap { row in places.map { Point(row: row, column: $0) } }
    }()

    private typealias Pixel = SIMD16<Float>

    private struct Product {
        let convolution: Convolution
        let input: FeatureMap
        let output: FeatureMap
    }

    private let products: [Product]
    private let samples: Int
    private let height: Int
    private let width: Int
    /// An input line between zeros, a line of zeros, and four output lines.
    private let lines: MemoryBlock
    private let lineLength: Int

    /// Whether it can run: 16 channels side by side, on AVX-512.
    static func isPossible(_ shape: ConvolutionShape) -> Bool {
        FeatureMapLayout.preferred(channels: shape.inputChannels) == .blocked(16)
    }

    /// Whether it beats oneDNN's own kernel: with channels enough that the products outweigh the transforms, on maps
    /// small enough that what lies between stays in the cache.
    ///
    /// Milliseconds on one Zen 5 core, direct then Winograd, the filter that follows included, at batch × inputs ×
    /// outputs × side: 8×512×512×4: 4.8, 3.9. 8×512×512×8: 13.0, 8.8. 8×512×512×16: 50, 34. 8×512×512×32: 185, 115.
    /// 8×512×256×32: 90, 59. 8×256×128×64: 89, 75. 16×96×96×8: 1.08, 0.73. 16×96×64×16: 2.25, 2.13.
    /// 2×128×64×128: 25.6, 27.8. 16×64×32×32: 3.6, 3.5. 16×32×16×64: 4.3, 5.0. 1×64×32×256: 18.8, 25.6.
    static func suits(_ shape: ConvolutionShape) -> Bool {
        isPossible(shape) && min(shape.inputChannels, shape.outputChannels) >= 64
            && max(shape.height, shape.width) <= 64
    }

    /// The 1×1 convolution of a point.
    static func shape(of point: Point, in shape: ConvolutionShape) -> ConvolutionShape {
        var part = shape
        part.kernel = 1
        if point.row != nil { part.height = shape.height / 3 + 1 }
        if point.column != nil { part.width = shape.width / 3 + 1 }
        return part
    }

    /// The weights `[O, I, 1, 1]` of a point from those of the convolution, `[O, I, 3, 3]`.
    static func weights(of point: Point, from weights: Tensor) throws(NeuralLayerError) -> Tensor {
        let rows = coefficients(point.row)
        let columns = coefficients(point.column)
        let pairs = weights.count / 9
        var result = Tensor(zeros: [weights.shape[0], weights.shape[1], 1, 1])
        weights.withUnsafeValues { values in
            result.withUnsafeMutableValues { result in
                for pair in 0..<pairs {
                    for y in 0..<3 {
                        for x in 0..<3 { result[pair] += rows[y] * columns[x] * values[pair * 9 + y * 3 + x] }
                    }
                }
            }
        }
        return result
    }

    /// What w₀, w₁, w₂ count in a point.
    private static func coefficients(_ point: Int?) -> [Float] {
        switch point {
        case 0: [0, 0, 1]
        case 1: [0.5, 0, 0.5]
        case 2: [-0.5, 0, 0.5]
        case 3: [1, 0, 0]
        default: [0, 1, 0]
        }
    }

    /// - Parameter shape: its batch is the number of samples that go through together.
    init(_ shape: ConvolutionShape, weights: [Memory]) throws(NeuralLayerError) {
        samples = shape.batch
        height = shape.height
        width = shape.width
        lineLength = 2 * shape.width + 8
        lines = MemoryBlock(byteCount: 6 * lineLength * MemoryLayout<Pixel>.stride)
        var products: [Product] = []
        for (point, weights) in zip(Self.points, weights) {
            let part = Self.shape(of: point, in: shape)
            products.append(
                Product(
                    convolution: try Convolution(part, ConvolutionPlan(part), weights: weights),
                    input: try FeatureMap(part.input(), layout: .blockedForProcessor),
                    output: try FeatureMap(part.output(), layout: .blockedForProcessor)))
        }
        self.products = products
    }

    /// - Parameters:
    ///   - input: a map blocked by 16, of which `samples` are read from `sample` on.
    ///   - output: `[samples, O, 2H + 1, 2W + 1]`
    func callAsFunction(_ input: FeatureMap, from sample: Int, into output: FeatureMap)
        throws(NeuralLayerError)
    {
        precondition(input.blockSize == 16 && output.blockSize == 16 && sample + samples <= input.batch)
        for plane in 0..<samples * input.blockCount {
            spread(input.pixels + (sample * input.blockCount + plane) * height * width, plane)
        }
        for product in products { try product.convolution(product.input, into: product.output) }
        for plane in 0..<samples * output.blockCount {
            gather(plane, into: output.pixels + plane * (2 * height + 1) * (2 * width + 1))
        }
    }

    /// Writes one plane's part of the 25 inputs.
    private func spread(_ source: UnsafeMutablePointer<Pixel>, _ plane: Int) {
        // The line begins at its second pixel, so that its neighbours outside the map are the zeros around it.
        let line = lines.pixels + 1
        let zeros = lines.pixels + lineLength
        for y in 0..<height {
            line.update(from: source + y * width, count: width)
            spread(line, place: 0, plane, y)
        }
        for tile in 0...height / 3 {
            func sourceRow(_ y: Int) -> UnsafeMutablePointer<Pixel> {
                y >= 0 && y < height ? source + y * width : zeros
            }
            let d0 = sourceRow(3 * tile - 1)
            let d1 = sourceRow(3 * tile)
            let d2 = sourceRow(3 * tile + 1)
            let d3 = sourceRow(3 * tile + 2)
            for x in 0..<width { line[x] = d0[x] - d2[x] }
            spread(line, place: 1, plane, tile)
            for x in 0..<width { line[x] = d1[x] + d2[x] }
            spread(line, place: 2, plane, tile)
            for x in 0..<width { line[x] = d2[x] - d1[x] }
            spread(line, place: 3, plane, tile)
            for x in 0..<width { line[x] = d3[x] - d1[x] }
            spread(line, place: 4, plane, tile)
        }
    }

    /// Writes one row of the five inputs whose rows have this place.
    private func spread(_ line: UnsafeMutablePointer<Pixel>, place: Int, _ plane: Int, _ y: Int) {
        products[5 * place].input.row(plane, y).update(from: line, count: width)
        let m0 = products[5 * place + 1].input.row(plane, y)
        let m1 = products[5 * place + 2].input.row(plane, y)
        let m2 = products[5 * place + 3].input.row(plane, y)
        let m3 = products[5 * place + 4].input.row(plane, y)
        for tile in 0...width / 3 {
            let d = line + 3 * tile - 1
            m0[tile] = d[0] - d[2]
            m1[tile] = d[1] + d[2]
            m2[tile] = d[2] - d[1]
            m3[tile] = d[3] - d[1]
        }
    }

    /// Writes one plane of the output from the 25 results.
    private func gather(_ plane: Int, into destination: UnsafeMutablePointer<Pixel>) {
        let outputWidth = 2 * width + 1
        for y in 0..<height { gather(place: 0, plane, y, into: destination + (2 * y + 1) * outputWidth) }
        let m0 = lines.pixels + 2 * lineLength
        let m1 = m0 + lineLength
        let m2 = m1 + lineLength
        let m3 = m2 + lineLength
        for tile in 0...height / 3 {
            gather(place: 1, plane, tile, into: m0)
            gather(place: 2, plane, tile, into: m1)
            gather(place: 3, plane, tile, into: m2)
            gather(place: 4, plane, tile, into: m3)
            let e0 = destination + 6 * tile * outputWidth
            for x in 0..<outputWidth { e0[x] = m0[x] + m1[x] + m2[x] }
            guard 3 * tile + 1 <= height else { continue }
            let e1 = e0 + 2 * outputWidth
            for x in 0..<outputWidth { e1[x] = m1[x] - m2[x] }
            guard 3 * tile + 2 <= height else { continue }
            let e2 = e1 + 2 * outputWidth
            for x in 0..<outputWidth { e2[x] = m1[x] + m2[x] + m3[x] }
        }
    }

    /// Writes 2W + 1 pixels from one row of the five results whose rows have this place.
    private func gather(place: Int, _ plane: Int, _ y: Int, into line: UnsafeMutablePointer<Pixel>) {
        let odd = products[5 * place].output.row(plane, y)
        let m0 = products[5 * place + 1].output.row(plane, y)
        let m1 = products[5 * place + 2].output.row(plane, y)
        let m2 = products[5 * place + 3].output.row(plane, y)
        let m3 = products[5 * place + 4].output.row(plane, y)
        for x in 0..<width { line[2 * x + 1] = odd[x] }
        for tile in 0...width / 3 {
            let e = line + 6 * tile
            e[0] = m0[tile] + m1[tile] + m2[tile]
            guard 3 * tile + 1 <= width else { continue }
            e[2] = m1[tile] - m2[tile]
            guard 3 * tile + 2 <= width else { continue }
            e[4] = m1[tile] + m2[tile] + m3[tile]
        }
    }
}
