import ArgumentParser
import CommandKit
import Relevance
import RelevanceDatabase

/// Which part of the sweep: some layers, one of the equal parts of a build that is shared out, or as many pairs as each
/// channel needs.
struct WorkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Sweep these layers only, now: names (b64.conv0) or blocks (b64), with commas between.",
            discussion: "Other layers' channels count as of no effect until a later call sweeps them too.",
            valueName: "names"))
    var layers: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Sweep layers of up to this resolution only, now.",
            discussion: "For example 128, as for StyleGAN-Human.",
            valueName: "pixels"))
    var maxResolution: Int?

    @Option(
        help: ArgumentHelp(
            "Build part k of n alone, for merge-relevance.",
            discussion:
                "'auto' takes k and n from the task of a Slurm job array; to run single tasks again, requeue them or give "
                + "k/n, for a smaller array counts anew.", valueName: "k/n"))
    var shard: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give a channel no more pairs once its direction is known to this angle.",
            discussion:
                "A standard error in radians, for example 0.1, judged after every tenth pair; --pairs is then the most.",
            valueName: "radians"))
    var tolerance: Double?

    func validate() throws {
        do { _ = try toleranceRecord } catch { throw ValidationError("\(error)") }
        if tolerance != nil, shard != nil {
            throw ValidationError(
                "--tolerance and --shard do not go together: whether a channel is known depends on all of its pairs, "
                    + "and a part has some; share out by --layers, or leave out --tolerance")
        }
        if !layers.isEmpty, maxResolution != nil {
            throw ValidationError("--layers and --max-resolution both say which layers; give one of them")
        }
        if let maxResolution, maxResolution < 4 {
            throw ValidationError("--max-resolution is \(maxResolution); it must be 4 or more")
        }
        if let shard, shard != "auto", BuildShard(shard) == nil {
            throw ValidationError(
                "--shard is '\(shard)'; it must be k/n with k from 1 to n, n at most \(BuildShard.countLimit), or 'auto'"
            )
        }
    }

    /// When channels get no more pairs; nil where all get all.
    var toleranceRecord: ToleranceRecord? {
        get throws(RelevanceError) {
            guard let tolerance else { return nil }
            return try ToleranceRecord(angle: tolerance)
        }
    }

    /// The part, or nil for the whole.
    /// - Throws: `OptionError` where 'auto' finds no task.
    func part() throws(OptionError) -> BuildShard? {
        guard shard == "auto" else { return shard.flatMap { BuildShard($0) } }
        return try SlurmTask.shard { Terminal.variable($0) }
    }

    /// The names of the layers to sweep, or nil for all.
    /// - Throws: `OptionError` that names what is no layer, with those there are.
    func names(of all: [LayerRecord]) throws(OptionError) -> [String]? {
        let swept = all.filter(\.isSwept)
        var chosen: Set<String>?
        if let maxResolution {
            chosen = Set(swept.filter { $0.resolution <= maxResolution }.map(\.name))
        }
        if !layers.isEmpty {
            chosen = []
            for name in layers.joined(separator: ",").split(separator: ",", omittingEmptySubsequences: false)
            {
                let named = swept.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
                guard !named.isEmpty else {
                    throw OptionError(
                        "--layers has '\(name)', which is no swept layer; there are "
                            + swept.map(\.name).joined(separator: ", "))
                }
                chosen?.formUnion(named.map(\.name))
            }
        }
        return chosen.map { chosen in swept.map(\.name).filter(chosen.contains) }
    }
}
