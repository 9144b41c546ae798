import NeuralLayers
import Tensors

/// A vision transformer for one image there and a batch of gradients back; of the last block only the class token's row.
final class VisionTransformerGradient: ImageNetworkGradient {
    private let batch, tokens: Int
    private let tower: ImageTowerGradient
    private let preparation: ImagePreparation
    private let preparationGradient: ImagePreparationGradient

    // Of the image: rows of its tokens, `[tokens, …]`, and of the class token, `[1, …]`.
    private let patches, embedded, x, classX, classNormed, projected: Activations
    // Of the gradients, `[batch × tokens, …]` and `[batch, …]`.
    private let patchesGradient, xGradient, classGradient, classNormedGradient, projectedGradient: Activations

    private let embedPatches, embedPatchesGradient: Linear
    private let normPre, normPost: LayerNorm
    private let normPreGradient, normPostGradient: LayerNormGradient
    private let blocks: [TransformerBlockGradient]
    private let project, projectGradient: Linear

    /// - Parameters:
    ///   - height: of the images given.
    ///   - width: likewise.
    init(_ tower: ImageTowerGradient, _ configuration: CLIPConfiguration, height: Int, width: Int) throws {
        let (sizes, tokens, batch) = (configuration.image, configuration.imageTokens, tower.batch)
        (self.batch, self.tokens, self.tower) = (batch, tokens, tower)
        preparation = try ImagePreparation(height: height, width: width, for: configuration)
        preparationGradient = try ImagePreparationGradient(preparation)
        patches = try Activations(rows: tokens, width: tower.patches.inputs)
        embedded = try Activations(rows: tokens, width: sizes.width)
        x = try Activations(rows: tokens, width: sizes.width)
        classX = try Activations(rows: 1, width: sizes.width)
        classNormed = try Activations(rows: 1, width: sizes.width)
        projected = try Activations(rows: 1, width: configuration.dimension)
        patchesGradient = try Activations(rows: batch * tokens, width: tower.patches.inputs)
        xGradient = try Activations(rows: batch * tokens, width: sizes.width)
        classGradient = try Activations(rows: batch, width: sizes.width)
        classNormedGradient = try Activations(rows: batch, width: sizes.width)
        projectedGradient = try Activations(rows: batch, width: configuration.dimension)

        embedPatches = try Linear(tower.patches)
        embedPatchesGradient = try Linear(tower.patchesGradient)
        normPre = try LayerNorm(gain: tower.normPre.gain, bias: tower.normPre.bias, rows: tokens)
        normPost = try LayerNorm(gain: tower.normPost.gain, bias: tower.normPost.bias, rows: 1)
        normPreGradient = try LayerNormGradient(gain: tower.normPre.gain, rows: tokens)
        normPostGradient = try LayerNormGradient(gain: tower.normPost.gain, rows: 1)
        let scratch = try TransformerBlockGradient.Scratch(sizes, tokens: tokens, batch: batch)
        blocks = try tower.blocks.map {
            try TransformerBlockGradient(
                $0, sizes, activation: configuration.activation, scratch: scratch)
        }
        project = try Linear(tower.projection)
        projectGradient = try Linear(tower.projectionGradient)
    }

    var embedding: UnsafeMutableBufferPointer<Float> { projected[row: 0] }

    func embeddingGradient(_ place: Int) -> UnsafeMutableBufferPointer<Float> {
        projectedGradient[row: place]
    }

    func keep(_ image: UnsafeBufferPointer<Float>, _ observe: LayerObserver) throws(NeuralLayerError) {
        preparation.patches(of: image, into: patches, row: 0)
        tower.positions.withUnsafeValues { _ = embedded.elements.update(fromContentsOf: $0) }
        try embedPatches(patches, into: embedded)  // [tokens, W]
        observe("patches", embedded.elements)
        try normPreGradient.keep(embedded)
        try normPre(embedded, into: x)
        observe("first normalisation", x.elements)
        for (index, block) in blocks.dropLast().enumerated() {
            try block.keep(x, querying: x)
            observe("block \(index)", x.elements)
        }
        _ = classX[row: 0].update(fromContentsOf: x[row: 0])
        try blocks.last?.keep(x, querying: classX)  // [1, W]
        observe("block \(blocks.count - 1)", classX.elements)
        try normPostGradient.keep(classX)
        try normPost(classX, into: classNormed)
        try project(classNormed, into: projected)  // [1, d]
    }

    func run() throws(NeuralLayerError) {
        let rows = batch * tokens
        try projectGradient(projectedGradient, into: classNormedGradient)  // [batch, W]
        try normPostGradient(classNormedGradient, into: classGradient, count: batch)
        try blocks.last?(xGradient, querying: classGradient)  // [batch × tokens, W]
        for block in blocks.dropLast().reversed() { try block(xGradient, querying: xGradient) }
        try normPreGradient(xGradient, into: xGradient, count: rows)
        try embedPatchesGradient(xGradient, into: patchesGradient)  // [batch × tokens, 3 P P]
    }

    func imageGradient(_ place: Int, into image: UnsafeMutableBufferPointer<Float>) {
        preparationGradient(fromPatches: patchesGradient, row: place * tokens, into: image)
    }
}
