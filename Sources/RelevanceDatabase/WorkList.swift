/// What is left to do of a sweep: of pairs in units of one layer and a few images, of derivatives in units of one image,
/// which has them for all layers at once.
///
/// Images are cut at multiples of the unit's size, so that a resumed build has the units that an uninterrupted one
/// would have had; any other cut would be right as well, since sums do not depend on it.
struct WorkList {
    /// Every channel of some layers with some images: computed together, stored in one transaction.
    struct Unit: Hashable, Sendable {
        let method: TableMethod
        /// The layers' places in the manifest; of pairs, one.
        let layers: [Int]
        /// Of derivatives, one.
        let images: Range<Int>
    }

    /// In the order of images, then of layers, so that a build fills every channel evenly.
    let units: [Unit]

    /// - Parameters:
    ///   - work: The images of each layer that are to be swept, by the layer's place in the manifest.
    ///   - derivatives: The layers whose rows come from derivatives.
    ///   - done: The images of each layer that are in the sums.
    init(
        _ work: [Int: Range<Int>], imagesPerUnit: Int, derivatives: Set<Int> = [],
        done: [Int: [Range<Int>]]
    ) {
        var units: [Unit] = []
        var layersOfImage: [Int: [Int]] = [:]
        for (layer, images) in work.sorted(by: { $0.key < $1.key }) {
            let method: TableMethod = derivatives.contains(layer) ? .gradient : .pairs
            let imagesPerUnit = method == .gradient ? 1 : imagesPerUnit
            var position = images.lowerBound
            let finished = (done[layer] ?? []).sorted { $0.lowerBound < $1.lowerBound }
            let end = images.upperBound..<images.upperBound
            for range in finished + [end] where range.lowerBound <= images.upperBound {
                while position < range.lowerBound {
                    let next = min((position / imagesPerUnit + 1) * imagesPerUnit, range.lowerBound)
                    if method == .gradient {
                        layersOfImage[position, default: []].append(layer)
                    } else {
                        units.append(Unit(method: method, layers: [layer], images: position..<next))
                    }
                    position = next
                }
                position = max(position, range.upperBound)
            }
        }
        for (image, layers) in layersOfImage {
            units.append(Unit(method: .gradient, layers: layers, images: image..<image + 1))
        }
        self.units = units.sorted {
            ($0.images.lowerBound, $0.layers[0]) < ($1.images.lowerBound, $1.layers[0])
        }
    }
}
