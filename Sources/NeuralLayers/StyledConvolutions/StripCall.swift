/// What a call of `StyledConvolution` hands to its kernel, checked.
///
/// A map with fewer rows than the layer has is a rolling one: row y stands at y mod its height, and is there until the rows
/// behind it come round.
struct StripCall {
    let input: FeatureMap
    let sample: Int
    let arguments: StyledArguments
    let output: FeatureMap

    var finish: StyledFinish? { arguments.finish }

    /// Not used where there is no finish, or none with a limit.
    var limit: Float { finish?.limit ?? .infinity }

    /// A plane's pixels: of one block of one sample.
    func plane(sample: Int, block: Int) -> UnsafeMutablePointer<SIMD16<Float>> {
        input.row((self.sample + sample) * input.blockCount + block, 0)
    }

    func inputRow(_ y: Int, sample: Int, block: Int) -> UnsafeMutablePointer<SIMD16<Float>> {
        input.row((self.sample + sample) * input.blockCount + block, Self.place(y, of: input.height))
    }

    func outputRow(_ y: Int, sample: Int, block: Int) -> UnsafeMutablePointer<SIMD16<Float>> {
        output.row(sample * output.blockCount + block, Self.place(y, of: output.height))
    }

    /// y mod height, without a division where the map has all rows.
    private static func place(_ y: Int, of height: Int) -> Int { y < height ? y : y % height }

    func style(sample: Int, block: Int) -> SIMD16<Float> {
        arguments.styles.vectors(arguments.row + sample)[block]
    }

    /// Where there is no finish, neither number is used.
    func scaleAndBias(sample: Int, block: Int) -> (SIMD16<Float>, SIMD16<Float>) {
        guard let finish else { return (.zero, .zero) }
        return (arguments.demodulation.vectors(arguments.row + sample)[block], finish.bias[block])
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
