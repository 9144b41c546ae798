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
/// Belongs to one thread at a time. Nothing is allocated when it runs.
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
        try requireInput(input, from: sample)
        guard output.shape == outputShape else {
            throw .mismatch(what: "a styled layer's output", found: output.shape, expected: outputShape)
        }
        let arguments = StyledArguments(styles, demodulation, row: row, finish: finish)
        let call = try call(input, from: sample, arguments, into: output)
        layout.forEachStrip { run(call, $0) }
    }

    // MARK: Strip by strip

    var layout: StripLayout {
        switch kernel {
        case .same(let strips): strips.layout
        case .up(let strips): strips.layout
        }
    }

    /// The rows of a sample's input that its first lines take.
    func inputRows(lines: Int) -> Int {
        switch kernel {
        case .same(let strips): strips.inputRows(lines: lines)
        case .up(let strips): strips.inputRows(lines: lines)
        }
    }

    /// The rows of a sample's output that its first lines give.
    func outputRows(lines: Int) -> Int {
        switch kernel {
        case .same(let strips): strips.outputRows(lines: lines)
        case .up(let strips): strips.outputRows(lines: lines)
        }
    }

    func requireInput(_ input: FeatureMap, from sample: Int) throws(NeuralLayerError) {
        guard input.shape.dimensions.dropFirst().elementsEqual(inputShape.dimensions.dropFirst()),
            sample >= 0, sample + inputShape[0] <= input.batch
        else {
            throw .mismatch(what: "a styled layer's input", found: input.shape, expected: inputShape)
        }
    }

    /// A call whose strips are to be run in their order; both maps may be rolling ones (`StripCall`).
    func call(
        _ input: FeatureMap, from sample: Int, _ arguments: StyledArguments, into output: FeatureMap
    ) throws(NeuralLayerError) -> StripCall {
        try input.requireLayout(.blocked(16), "a styled layer's input")
        try output.requireLayout(.blocked(16), "a styled layer's output")
        let rows = arguments.row + inputShape[0]
        precondition(arguments.styles.blocks == weights.inputBlocks && rows <= arguments.styles.rows)
        if let finish = arguments.finish {
            let demodulation = arguments.demodulation
            precondition(demodulation.blocks == weights.outputBlocks && rows <= demodulation.rows)
            precondition(
                finish.bias.count == weights.outputBlocks
                    && finish.noise.count == outputShape[2] * outputShape[3])
        }
        return StripCall(input: input, sample: sample, arguments: arguments, output: output)
    }

    func run(_ call: StripCall, _ strip: Range<Int>) {
        guard let finish = call.finish else { return run(call, strip, NoFinish.self) }
        if finish.limit == nil {
            run(call, strip, ActivationFinish.self)
        } else {
            run(call, strip, LimitedFinish.self)
        }
    }

    private func run<Finish: PixelFinish>(_ call: StripCall, _ strip: Range<Int>, _ finish: Finish.Type) {
        switch weights.precision {
        case .float32: run(call, strip, finish, Float32Format.self)
        case .bfloat16: run(call, strip, finish, BFloat16Format.self)
        }
    }

    private func run<Finish: PixelFinish, Format: ProductFormat>(
        _ call: StripCall, _ strip: Range<Int>, _ finish: Finish.Type, _ format: Format.Type
    ) {
        switch kernel {
        case .same(let strips): strips.run(call, strip, finish, format)
        case .up(let strips): strips.run(call, strip, finish, format)
        }
    }
}
