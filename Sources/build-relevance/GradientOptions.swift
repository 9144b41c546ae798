import ArgumentParser
import CLIP
import CommandKit
import NeuralLayers
import Relevance
import RelevanceDatabase
import Tensors
import Vocabulary

/// By what the rows of the table come about, and what is asked of a table from gradients.
struct GradientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the table is made of: pairs of pictures, or the gradient of their embedding.",
            discussion: "Gradients take a fraction of the time and agree with pairs closely; see --verify."))
    var method = TableMethod.pairs

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --method gradient: how many channels to compare with true pairs; 0 for none. Default: 64.",
            valueName: "channels"))
    var verify: Int?

    @Option(
        help: ArgumentHelp(
            "With --method gradient: take this layer's rows from pairs after all. May be given more than once.",
            valueName: "layer"))
    var repair: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --method gradient: take derivatives only along this many leading directions of the vocabulary.",
            discussion:
                "Less time; a phrase outside of them is told how much of it is lost. R is then a cosine along the "
                + "sketch, and so larger.",
            valueName: "directions"))
    var sketch: Int?

    func validate() throws {
        if method == .pairs {
            let names = [("verify", verify != nil), ("repair", !repair.isEmpty), ("sketch", sketch != nil)]
            for (name, isGiven) in names where isGiven {
                throw ValidationError("--\(name) is of tables from gradients; it goes with --method gradient")
            }
        }
        if let verify, !(0...1 << 20).contains(verify) {
            throw ValidationError("--verify is \(verify); it must be from 0 to \(1 << 20)")
        }
        if let sketch, sketch < 1 {
            throw ValidationError(
                "--sketch is \(sketch); it must be from 1 to the width of CLIP's embeddings")
        }
    }

    /// Puts what was asked for into a request.
    /// - Throws: `OptionError` for a layer to repair that there is not.
    func fill(_ request: inout BuildRequest, layers: [LayerRecord]) throws(OptionError) {
        request.method = method
        if let verify { request.verifiedChannels = verify }
        let swept = layers.filter(\.isSwept).map(\.name)
        for name in repair where !swept.contains(name) {
            throw OptionError(
                "--repair has '\(name)', which is no swept layer; there are \(swept.joined(separator: ", "))")
        }
        request.repairs = swept.filter(repair.contains)
    }

    /// The directions along which alone derivatives are to be taken, or nil for all: those that the database which is gone on
    /// with has, or those of the embedded word lists.
    /// - Parameter path: Of the database that is gone on with; nil where one is built anew.
    /// - Throws: `RelevanceError.setting` for more than there are; `CLIPError`.
    func sketch(
        _ model: CLIPModel, _ clip: WeightsRecord, neutral: String, path: String?, isQuiet: Bool
    ) throws -> SketchRequest? {
        guard let sketch else { return nil }
        let dimension = model.configuration.dimension
        guard sketch <= dimension else {
            throw OptionError("--sketch is \(sketch); this CLIP's embeddings have \(dimension) directions")
        }
        if let path, let there = try SketchRequest.stored(path: path, clip: clip),
            there.record.directions == sketch
        {
            return there
        }
        let ensemble = try PromptEnsemble()
        // A small encoder's threads would wait for one another longer than they work.
        if model.configuration.text.width <= 256 { Threads.limit(to: 1) }
        let encoder = try model.textEncoder()
        let words = Set(WordList.embedded.flatMap(\.words)).subtracting([neutral]).sorted()
        if !isQuiet {
            StandardStream.error.writeLine(
                "embedding \(words.count) phrases of the word lists for the sketch")
        }
        // Together, for they share the beginnings of the templates.
        let embeddings = try ensemble.embeddings(of: [neutral] + words, by: encoder)
        let texts = try embeddings.dropFirst().map {
            try TextDirection(target: $0, neutral: embeddings[0])
        }
        let found = try EmbeddingSketch(of: texts, directions: sketch)
        return SketchRequest(
            record: GradientRecord.Sketch(directions: sketch, energy: found.energy),
            directions: found.directions)
    }
}
