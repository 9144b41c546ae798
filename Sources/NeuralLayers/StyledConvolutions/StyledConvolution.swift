import Tensors

/// A 3×3 layer of StyleGAN2 in one piece, for a fixed batch: style, convolution (or up-convolution with its filter),
/// demodulation, noise, bias and activation.
///
///     y = √2 lrelu(d_o Σ_c w_oc ⋆ (s_c x_c) + noise + b_o, 0.2)
///
/// The map is worked through in strips, whose products stay in the cache between the transforms on either side of them.
/// The strips depend on the shape alone, so that equal inputs give equal bits.
///
/// So does the choice of the kernel, on purpose: kernels round differently, and what a timing finds fastest depends on the
/// machine and the day. A table whose parts were built on several nodes, or that was gone on with after a restart, would
/// then have bits that nobody can make again. What that could cost is printed by `sweep-benchmark`: every layer beside
/// the fastest that oneDNN has for its shape.
///
/// Belongs to one thread at a time. Nothing
/// is allocated when it runs.
public final class StyledConvolution {
    private enum Kernel {
        case same(WinogradStrips)
        case up(WinogradUpStrips)
    }

    /// `[N, I, H, W]`
    public let inputShape: Shape
    /// `[N, O, H, W]`, or doubled.
    public let outputShape: Shape
    private let weights: StyledWeights
    private let kernel: Kernel

    /// The multiplications and additions of one call by the direct algorithm, for measurements.
    public let directOperations: Double

    /// The multiplications and additions of the matrix products of one call.
    public var productOperations: Double {
        let rows: Double
        switch kernel {
        case .same(let strips): rows = 36 * Double(strips.layout.lines * strips.layout.tilesAcross)
        case .up(let strips): rows = 49 * Double(strips.layout.lines * strips.layout.tilesAcross)
        }
        return 2 * rows * 256 * Double(weights.inputBlocks * weights.outputBlocks)
    }

    /// Runs the matrix products of one call alone, on whatever is there, for measurements.
    public func runProducts() {
        switch weights.precision {
        case .float32: runProducts(Float32Format.self)
        case .bfloat16: runProducts(BFloat16Format.self)
        }
    }

    private func runProducts<Format: ProductFormat>(_ format: Format.Type) {
        switch kernel {
        case .same(let strips): strips.layout.forEachStrip { strips.multiply(format, $0) }
        case .up(let strips): strips.layout.forEachStrip { strips.multiply(format, $0) }
        }
    }

    /// - Parameters:
    ///   - batch: Samples that go through at once.
    ///   - height: The input's.
    ///   - width: The input's.
    ///   - memory: What strips are worked through in, shared with other layers of the same thread; nil for its own.
    public init(
        _ weights: StyledWeights, batch: Int, height: Int, width: Int, memory: StripMemory? = nil
    ) throws(NeuralLayerError) {
        self.weights = weights
        let shape = ConvolutionShape(
            batch: batch, inputChannels: weights.inputs, outputChannels: weights.outputs, height: height,
            width: width)
        inputShape = try shape.input()
        let scale = weights.isUp ? 2 : 1
        var doubled = shape
        doubled.height *= scale
        doubled.width *= scale
        outputShape = try doubled.output()
        let layout = StripLayout(
            inputs: weights.inputs, outputs: weights.outputs, isUp: weights.isUp, batch: batch,
            height: height, width: width)
        let memory = memory ?? StripMemory(bytes: layout.bytes)
        kernel =
            weights.isUp
            ? .up(WinogradUpStrips(shape, layout, weights: weights, memory))
            : .same(WinogradStrips(shape, layout, weights: weights, memory))
        directOperations = 18 * Double(inputShape.count) * Double(weights.outputs)
    }

    /// - Parameters:
    ///   - input: A map of `[≥ N, I, H, W]`, blocked by 16, of which N samples are read from `sample` on.
    ///   - styles: s, of which the rows from `row` on are the samples'.
    ///   - demodulation: d, likewise; not read where there is no finish.
    ///   - finish: What follows the sums; nil leaves them as they are.
    ///   - output: `[N, O, H, W]`, or doubled, blocked by 16; other memory than the input's.
    public func callAsFunction(
        _ input: FeatureMap, from sample: Int = 0, styles: ChannelVectors, demodulation: ChannelVectors,
        row: Int = 0,
        finish: StyledFinish?, into output: FeatureMap
    ) throws(NeuralLayerError) {
        let batch = inputShape[0]
        guard input.shape.dimensions.dropFirst().elementsEqual(inputShape.dimensions.dropFirst()),
            sample >= 0, sample + batch <= input.batch
        else {
            throw .mismatch(what: "a styled layer's input", found: input.shape, expected: inputShape)
        }
        guard output.shape == outputShape else {
            throw .mismatch(what: "a styled layer's output", found: output.shape, expected: outputShape)
        }
        try input.requireLayout(.blocked(16), "a styled layer's input")
        try output.requireLayout(.blocked(16), "a styled layer's output")
        precondition(styles.blocks == weights.inputBlocks && row + batch <= styles.rows)
        if let finish {
            precondition(demodulation.blocks == weights.outputBlocks && row + batch <= demodulation.rows)
            precondition(
                finish.bias.count == weights.outputBlocks
                    && finish.noise.count == output.height * output.width)
        }
        let call = StripCall(
            input: input, sample: sample, styles: styles, demodulation: demodulation, row: row,
            finish: finish, output: output)
        guard let finish else { return run(call, NoFinish.self) }
        if finish.limit == nil {
            run(call, ActivationFinish.self)
        } else {
            run(call, LimitedFinish.self)
        }
    }

    private func run<Finish: PixelFinish>(_ call: StripCall, _ finish: Finish.Type) {
        switch weights.precision {
        case .float32: run(call, finish, Float32Format.self)
        case .bfloat16: run(call, finish, BFloat16Format.self)
        }
    }

    private func run<Finish: PixelFinish, Format: ProductFormat>(
        _ call: StripCall, _ finish: Finish.Type, _ format: Format.Type
    ) {
        switch kernel {
        case .same(let strips): strips.run(call, finish, format)
        case .up(let strips): strips.run(call, finish, format)
        }
    }
}

/// What a call of `StyledConvolution` hands to its kernel, checked.
struct StripCall {
    let input: FeatureMap
    let sample: Int
    let styles: ChannelVectors
    let demodulation: ChannelVectors
    let row: Int
    let finish: StyledFinish?
    let output: FeatureMap

    /// Not used where there is no finish, or none with a limit.
    var limit: Float { finish?.limit ?? .infinity }

    /// A plane's pixels: of one block of one sample.
    func plane(sample: Int, block: Int) -> UnsafeMutablePointer<SIMD16<Float>> {
        input.row((self.sample + sample) * input.blockCount + block, 0)
    }

    func style(sample: Int, block: Int) -> SIMD16<Float> { styles.vectors(row + sample)[block] }

    /// Where there is no finish, neither number is used.
    func scaleAndBias(sample: Int, block: Int) -> (SIMD16<Float>, SIMD16<Float>) {
        guard let finish else { return (.zero, .zero) }
        return (demodulation.vectors(row + sample)[block], finish.bias[block])
    }

    /// Runs `body` with the noise of every output pixel; where there is no finish, it points to one zero, and the step
    /// from pixel to pixel is none.
    func withNoise(_ body: (_ noise: UnsafePointer<Float>, _ step: Int) -> Void) {
        guard let finish else { return withUnsafePointer(to: Float(0)) { body($0, 0) } }
        finish.noise.withUnsafeBufferPointer { noise in
            guard let start = noise.baseAddress else { return }
            body(start, 1)
        }
    }
}
