import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

/// What follows a modulated convolution, against differences of its formulas in float64:
///
///     y = hold(√2 lrelu(d u + noise + b))      x' = s' y      p_k = Σ_c w_kc s^rgb_c y_c
@Suite struct LayerFinishGradientTests {
    private let channels = 19
    private let pixels = 3 * 5

    /// The last layer of a small generator, whose map is made 3 × 5 pixels here.
    private func layer(limit: Float?) throws -> SynthesisWeights.Layer {
        let folder = try TemporaryFolder()
        try TinyModels.writeGenerator(path: folder.file("g.safetensors"), channels: channels)
        let layers = try Generator(checkpoint: .open(path: folder.file("g.safetensors"))).synthesis.layers
        let layer = layers[layers.count - 1]
        return SynthesisWeights.Layer(
            style: layer.style, name: layer.name, inputChannels: channels, outputChannels: channels,
            resolution: 3, width: 5, isUp: false, weight: layer.weight, energy: layer.energy,
            epsilon: layer.epsilon, bias: layer.bias, noise: Array(layer.noise.prefix(pixels)), limit: limit,
            picture: layer.picture)
    }

    /// What differences are taken of: u, d, s' and s^rgb, one after the other.
    private struct Point {
        var values: [Double]
        let channels, pixels: Int
        var styles: Int { channels * pixels }

        func u(_ c: Int, _ i: Int) -> Double { values[c * pixels + i] }
        func demodulation(_ c: Int) -> Double { values[styles + c] }
        func next(_ c: Int) -> Double { values[styles + channels + c] }
        func picture(_ c: Int) -> Double { values[styles + 2 * channels + c] }
    }

    @Test(arguments: [nil, 0.9], [(true, true), (true, false), (false, true)])
    func itIsTheDifferencesOfTheFormulas(limit: Float?, parts: (next: Bool, picture: Bool)) throws {
        let layer = try layer(limit: limit)
        var random = NumPyRandomState(seed: 41)
        let point = Point(
            values: random.gaussians(channels * pixels + 3 * channels).map(Double.init), channels: channels,
            pixels: pixels)
        let (ofNext, ofPicture) = (random.gaussians(channels * pixels), random.gaussians(3 * pixels))
        let weights = layer.picture?.weight ?? []

        func activated(_ point: Point, _ c: Int, _ i: Int) -> Double {
            let v = point.demodulation(c) * point.u(c, i) + Double(layer.noise[i]) + Double(layer.bias[c])
            let y = 2.0.squareRoot() * (v < 0 ? 0.2 * v : v)
            guard let limit else { return y }
            return max(-Double(limit), min(Double(limit), y))
        }
        func scalar(_ point: Point) -> Double {
            var sum = 0.0
            for c in 0..<channels {
                for i in 0..<pixels {
                    let y = activated(point, c, i)
                    if parts.next { sum += Double(ofNext[c * pixels + i]) * point.next(c) * y }
                    guard parts.picture else { continue }
                    for k in 0..<3 {
                        sum +=
                            Double(ofPicture[k * pixels + i]) * Double(weights[k * channels + c])
                            * point.picture(c) * y
                    }
                }
            }
            return sum
        }
        func difference(_ place: Int) -> Double {
            let step = 1e-6
            var (up, down) = (point, point)
            up.values[place] += step
            down.values[place] -= step
            return (scalar(up) - scalar(down)) / (2 * step)
        }

        let shape: Shape = [1, channels, 3, 5]
        let map = try FeatureMap(Tensor(ofNext, shape: shape), layout: .blocked(16))
        let y = (0..<channels * pixels).map { Float(activated(point, $0 / pixels, $0 % pixels)) }
        let output = try FeatureMap(Tensor(y, shape: shape), layout: .blocked(16))
        var pass = LayerFinishGradient(layer, map: map)
        pass.keep(
            nextStyle: parts.next ? (0..<channels).map { Float(point.next($0)) } : nil,
            pictureStyle: parts.picture ? (0..<channels).map { Float(point.picture($0)) } : nil)
        var sums = [LayerFinishGradient.Vector](repeating: .zero, count: pass.sumsCount)
        let vectors = try #require(map.elements.baseAddress)
        let kept = try #require(output.elements.baseAddress)
        ofPicture.withUnsafeBufferPointer { picture in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let first = sums.baseAddress else { return }
                pass(
                    UnsafeMutableRawPointer(vectors).assumingMemoryBound(to: LayerFinishGradient.Vector.self),
                    output: UnsafeRawPointer(kept).assumingMemoryBound(to: LayerFinishGradient.Vector.self),
                    picture: parts.picture ? picture.baseAddress : nil, sums: first)
            }
        }

        // Float32 sums of fifteen numbers near 1 against float64's differences.
        func expect(_ found: Double, _ place: Int, _ what: String) {
            let wanted = difference(place)
            #expect(abs(found - wanted) < 1e-4 * max(1, abs(wanted)), "\(what)")
        }
        let gradients = map.tensor().values
        let blocks = pass.blocks
        for c in 0..<channels {
            let d = point.demodulation(c)
            for i in 0..<pixels { expect(d * Double(gradients[c * pixels + i]), c * pixels + i, "u") }
            func sum(_ section: Int) -> Double { Double(sums[section * blocks + c / 16][c % 16]) }
            if parts.next { expect(sum(0), point.styles + channels + c, "next style") }
            if parts.picture { expect(sum(1), point.styles + 2 * channels + c, "picture's style") }
            // Where something is held, y tells v no more; the terms cancel there all the same, for ȳ is 0.
            expect(sum(2) / d, point.styles + c, "demodulation")
        }
    }
}
