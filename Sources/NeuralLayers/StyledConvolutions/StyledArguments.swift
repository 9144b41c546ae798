/// What a styled layer takes beside its map.
public struct StyledArguments {
    /// s and d: a row a sample.
    let styles, demodulation: ChannelVectors
    /// The first sample's.
    let row: Int
    /// What follows the sums; nil leaves them as they are.
    let finish: StyledFinish?

    /// - Parameter demodulation: Not read where there is no finish.
    public init(
        _ styles: ChannelVectors, _ demodulation: ChannelVectors, row: Int = 0, finish: StyledFinish?
    ) {
        self.styles = styles
        self.demodulation = demodulation
        self.row = row
        self.finish = finish
    }
}
