/// What is left to do of a sweep, in units of one layer and a few images.
///
/// Images are cut at multiples of the unit's size, so that a resumed build has the units that an uninterrupted one
/// would have had; any other cut would be right as well, since sums do not depend on it.
struct WorkList {
    /// Pairs of every channel of one layer with some images: computed together, stored in one transaction.
    struct Unit: Hashable, Sendable {
        /// The layer's place in the manifest.
        let layer: Int
        let images: Range<Int>
    }

    /// In the order of images, then of layers, so that a build fills every channel evenly.
    let units: [Unit]

    /// - Parameters:
    ///   - work: The images of each layer that are to be swept, by the layer's place in the manifest.
    ///   - done: The images of each layer that are in the sums.
    init(_ work: [Int: Range<Int>], imagesPerUnit: Int, done: [Int: [Range<Int>]]) {
        var units: [Unit] = []
        for (layer, images) in work {
            var position = images.lowerBound
            let finished = (done[layer] ?? []).sorted { $0.lowerBound < $1.lowerBound }
            let end = images.upperBound..<images.upperBound
            for range in finished + [end] where range.lowerBound <= images.upperBound {
                while position < range.lowerBound {
                    let next = min((position / imagesPerUnit + 1) * imagesPerUnit, range.lowerBound)
                    units.append(Unit(layer: layer, images: position..<next))
                    position = next
                }
                position = max(position, range.upperBound)
            }
        }
        self.units = units.sorted { ($0.images.lowerBound, $0.layer) < ($1.images.lowerBound, $1.layer) }
    }
}
