import Tensors

/// The layers of one resolution for one sample, in one pass: the layer that doubles the map, the one behind it, and toRGB.
///
/// A line of tiles goes on to the next layer as soon as what it takes is there. So of the map between the layers a few rows
/// are enough, which are still in the cache when they are read, and where no one asks for the last map, of that one too. A
/// number is the same as where the layers run one after the other. Belongs to one thread at a time. Nothing is allocated when
/// it runs.
public final class StyledBlock {
    private let first, second: StyledConvolution
    private let picture: PictureLayer
    /// Rolling maps of a few rows (`StripCall`): what is between the layers, and what the second gives.
    private let between, shown: FeatureMap

    /// - Parameters:
    ///   - first: Doubles the map of one sample.
    ///   - second: Takes what the first gives.
    ///   - memory: Of a map each as large as the outputs of the layers, which are not needed while this runs.
    /// - Throws: `NeuralLayerError.unsupported` where the layers do not fit one another or the memory.
    public init(
        _ first: StyledConvolution, _ second: StyledConvolution, picture: PictureLayer,
        memory: (between: FeatureMap, shown: FeatureMap)
    ) throws(NeuralLayerError) {
        guard first.outputShape == second.inputShape, second.inputShape[0] == 1 else {
            throw .unsupported(
                operation: "two styled layers in one pass", shape: second.inputShape,
                reason: "one sample is needed, and what the first layer gives, \(first.outputShape)")
        }
        (self.first, self.second, self.picture) = (first, second, picture)
        let rows = (
            first: first.outputRows(lines: first.layout.linesPerStrip + 1),
            second: second.outputRows(lines: second.layout.linesPerStrip)
        )
        func rolling(
            _ shape: Shape, rows: Int, _ memory: FeatureMap
        ) throws(NeuralLayerError) -> FeatureMap {
            try FeatureMap(
                [1, shape[1], min(rows, shape[2]), shape[3]], layout: .blocked(16), inMemoryOf: memory)
        }
        // A strip of the second layer takes a row before it and one behind it, of which the first may give a strip more.
        between = try rolling(first.outputShape, rows: rows.first + rows.second + 2, memory.between)
        shown = try rolling(second.outputShape, rows: rows.second, memory.shown)
    }

    /// - Parameters:
    ///   - input: `[≥ 1, I, H, W]`, blocked by 16.
    ///   - sample: The one that is read.
    ///   - arguments: Of the first layer and of the second.
    ///   - colours: toRGB's weights of the sample, three rows from `3 × row` on.
    ///   - picture: `[1, 3, 2H, 2W]` in planes, to which toRGB adds its part.
    ///   - output: `[1, O, 2H, 2W]`, blocked by 16; nil where no one asks for it.
    public func callAsFunction(
        _ input: FeatureMap, from sample: Int = 0, _ arguments: (StyledArguments, StyledArguments),
        colours: ChannelVectors, row: Int = 0, to picture: FeatureMap, into output: FeatureMap?
    ) throws(NeuralLayerError) {
        try first.requireInput(input, from: sample)
        if let output, output.shape != second.outputShape {
            throw .mismatch(
                what: "a styled layer's output", found: output.shape, expected: second.outputShape)
        }
        let output = output ?? shown
        let firstCall = try first.call(input, from: sample, arguments.0, into: between)
        let secondCall = try second.call(between, from: 0, arguments.1, into: output)
        var lines = 0
        second.layout.forEachStrip { strip in
            while first.outputRows(lines: lines) < second.inputRows(lines: strip.upperBound) {
                let next = first.layout.strip(from: lines)
                first.run(firstCall, next)
                lines = next.upperBound
            }
            second.run(secondCall, strip)
            let rows = second.outputRows(lines: strip.lowerBound)..<second.outputRows(lines: strip.upperBound)
            self.picture.add(rows: rows, of: output, weights: colours, row: row, to: picture)
        }
    }
}
