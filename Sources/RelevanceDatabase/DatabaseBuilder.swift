import DirectionStore
import Foundation
import Logging
import Relevance
import Synchronization
import Tensors

/// Builds a relevance database, or goes on with one that was interrupted or is to have more pairs.
///
/// The sweep is a list of units (a layer, a few images; or all layers' derivatives of one image); workers take one after another, and add what it gave to the
/// sums in one transaction with the mark that it is done. Sums are whole numbers, so that the table is the same to
/// the last bit in whatever order units are done, by however many workers, and however often the build is killed.
public final class DatabaseBuilder<Subject: SweepSubject> {
    /// Samples whose moments are merged at a time: part of the result's definition, since float64 sums have an order.
    static var samplesPerBlock: Int { 1000 }

    public let request: BuildRequest
    /// Where the build takes place: the request's folder, or one beside it that will take its place.
    public var path: String { target.path }

    let store: DirectionStore
    private(set) var manifest: Manifest
    let subject: Subject
    private let target: BuildTarget
    private let log: Logger

    /// Opens or makes the database, and takes the builder's lock.
    ///
    /// - Parameter log: Takes what the build does: stages as information, units of work for debugging.
    /// - Throws: `DatabaseError` where the request is out of range or the database was built from something else;
    ///   `StoreError`, `.busy` among them.
    public init(
        _ request: BuildRequest, subject: Subject, mapSize: DirectionStore.MapSize = .init(),
        log: Logger = Logger(label: "build") { _ in SwiftLogNoOpLogHandler() }
    ) throws {
        try request.validate()
        self.request = request
        self.subject = subject
        self.log = log
        target = try BuildTarget(request, subject: subject)
        store = try DirectionStore.openOrCreate(path: target.path, mapSize: mapSize)
        let path = target.path
        if var there = try store.read({ try DatabaseTables.manifest($0, path: path) }) {
            try request.requireMatch(there, subject: subject)
            try request.requireSketch(in: store, there)
            // Images that are in the sums stay there: fewer than were begun cannot be asked for.
            let begun = try store.read { [there] in try DatabaseTables.done($0, there, path: path) }
                .values.joined().map(\.upperBound).max()
            if there.shard == nil {
                let layers = request.layersAsked(of: there.layers)
                // New pairs are of every layer that is there.
                if let layers, there.layersAsked == nil, request.pairs > there.pairsAsked {
                    let names = layers.joined(separator: ", ")
                    throw DatabaseError.otherSettings(
                        path: path, differences: ["layers is all there and \(names) here"])
                }
                there.pairsAsked = max(request.pairs, there.pairsDone, begun ?? 0)
                there.ask(for: layers)
            }
            if request.changesNeutral { there.neutral = request.neutral }
            there.toolVersion = request.toolVersion
            manifest = there
        } else {
            manifest = request.manifest(of: subject, replacing: target.replaces)
            if let problem = manifest.firstProblem {
                throw DatabaseError.damaged(path: path, reason: "its manifest would have \(problem)")
            }
        }
    }

    /// The number of channels that were asked for.
    public var channels: Int { manifest.work.keys.reduce(0) { $0 + manifest.layers[$1].channels } }

    /// What the manifest says of gradients by now; nil of a table from pairs.
    public var gradient: GradientRecord? { manifest.gradient }

    /// How many pairs each channel has, where there is a tolerance.
    public var tolerance: ToleranceRecord? { manifest.tolerance }

    /// Builds until all is done or `isCancelled` says so, which is asked between units.
    ///
    /// - Parameter progress: Called by the workers' threads, one at a time.
    /// - Throws: `DatabaseError.notEnoughDisk` before anything is swept; the first error of any worker, after the
    ///   others have finished their units.
    public func run(
        isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (BuildProgress) -> Void = { _ in }
    ) throws -> BuildOutcome {
        try requireDisk()
        if manifest.shard == nil, !manifest.placesToRepair(request.repairs).isEmpty {
            guard !isCancelled() else { return try interrupted() }
            try manifest.repair(request.repairs, in: store, path: path)
        }
        let wasComplete = manifest.isComplete
        if try !openWork().isEmpty { manifest.add(instructionSets: [request.instructionSet]) }
        try store.write { [manifest, request] transaction in
            try DatabaseTables.put(manifest, transaction)
            if let sketch = request.sketch {
                try DatabaseTables.put(sketch: sketch.directions, transaction)
            }
        }
        let statistics = try statistics(isCancelled: isCancelled, progress: progress)
        if let statistics {
            try sweep(statistics: statistics, isCancelled: isCancelled, progress: progress)
        }
        guard try openWork().isEmpty else { return try interrupted() }
        // A part has no table: it waits for the others.
        if !wasComplete, manifest.shard == nil {
            manifest = try store.write { [manifest, path] in
                try DatabaseTables.finish(manifest, path: path, $0)
            }
            log.info(
                "table written", metadata: ["channels": "\(channels)", "pairs": "\(manifest.pairsDone)"])
        }
        if let statistics, manifest.shard == nil {
            guard try verify(statistics: statistics, isCancelled: isCancelled, progress: progress) else {
                return try interrupted()
            }
        }
        let pairs = manifest.progress(try finishedImages()).asked
        try target.takePlace()
        return .complete(pairs: pairs)
    }

    private func interrupted() throws -> BuildOutcome {
        let (pairsDone, pairsAsked) = manifest.progress(try finishedImages())
        return .interrupted(pairsDone: pairsDone, pairsAsked: pairsAsked)
    }

    // MARK: Statistics

    /// Where the sampling of style codes stands; blocks are merged in their order, whichever worker is first.
    private struct Sampling {
        var latents: LatentSamples
        var taken: Int
        var merged: StyleMoments?
        var waiting: [Int: StyleMoments] = [:]
    }

    /// μ and σ as stored, or sampled now; nil where the build was cancelled before they were known.
    private func statistics(
        isCancelled: @escaping @Sendable () -> Bool, progress: @escaping @Sendable (BuildProgress) -> Void
    ) throws -> StyleStatistics? {
        let (store, manifest) = (store, manifest)
        if let known = try store.read({ try DatabaseTables.statistics($0, manifest) }) {
            log.info("statistics found", metadata: ["samples": "\(manifest.settings.statisticsSamples)"])
            return known
        }
        let total = manifest.settings.statisticsSamples
        let start = try store.read { try DatabaseTables.moments($0, manifest) }
        let startCount = start?.samples ?? 0
        guard startCount <= total, startCount == total || startCount % Self.samplesPerBlock == 0 else {
            throw DatabaseError.damaged(
                path: path, reason: "its statistics stand at \(startCount) of \(total) samples")
        }
        var latents = LatentSamples(seed: manifest.settings.seed, dimension: subject.latentDimension)
        latents.skip(startCount)
        let sampling = Mutex(Sampling(latents: latents, taken: startCount, merged: start))
        let clock = RateClock()
        try inParallel(isCancelled: isCancelled) { worker in
            // The stream is drawn in order, under the lock; mapping the latents takes far longer.
            let block = try sampling.withLock { state -> (first: Int, latents: Tensor)? in
                let count = min(Self.samplesPerBlock, total - state.taken)
                guard count > 0 else { return nil }
                defer { state.taken += count }
                return (state.taken, try state.latents.next(count))
            }
            guard let block else { return false }
            let moments = try StyleMoments(of: worker.styles(of: block.latents))
            try sampling.withLock { state in
                state.waiting[block.first] = moments
                while let next = state.waiting.removeValue(forKey: state.merged?.samples ?? 0) {
                    try state.merged?.merge(next)
                    state.merged = state.merged ?? next
                }
                guard let merged = state.merged else { return }
                try store.write { try DatabaseTables.put(merged, $0) }
                progress(clock.progress(.statistics, done: merged.samples, total: total, since: startCount))
            }
            return true
        }
        guard let all = sampling.withLock({ $0.merged }), all.samples == total else { return nil }
        let statistics = try StyleStatistics(blocks: [all])
        try store.write { try DatabaseTables.put(statistics, $0) }
        log.info("statistics sampled", metadata: ["samples": "\(total)", "before": "\(startCount)"])
        return statistics
    }

    // MARK: Sweep

    private func finishedImages() throws -> [Int: [Range<Int>]] {
        let (manifest, path) = (manifest, path)
        return try store.read { try DatabaseTables.done($0, manifest, path: path) }
    }

    /// Sweeps what is left; where there is a tolerance, until every channel is known to within it or has all its pairs.
    private func sweep(
        statistics: StyleStatistics, isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (BuildProgress) -> Void
    ) throws {
        let clock = RateClock()
        var swept = 0
        func round(by method: TableMethod) throws {
            swept += try sweepRound(
                by: method, statistics: statistics, sweptBefore: swept, clock, isCancelled: isCancelled,
                progress: progress)
        }
        // One after the other, for either way has networks of its own.
        try round(by: .gradient)
        repeat { try round(by: .pairs) } while try !isCancelled() && settleChannels()
    }

    /// Sweeps what can be by a method before it is decided anew which channels are known; returns the number of pairs.
    private func sweepRound(
        by method: TableMethod, statistics: StyleStatistics, sweptBefore: Int, _ clock: RateClock,
        isCancelled: @escaping @Sendable () -> Bool, progress: @escaping @Sendable (BuildProgress) -> Void
    ) throws -> Int {
        let (store, manifest, log) = (store, manifest, log)
        let open = try openWork()
        let units = WorkList(
            open.mapValues(\.images), imagesPerUnit: request.imagesPerUnit,
            derivatives: manifest.layersOfDerivatives, done: try finishedImages()
        ).units.filter { $0.method == method }
        guard !units.isEmpty else { return 0 }
        let total = manifest.work.reduce(0) { $0 + manifest.layers[$1.key].channels * $1.value.count }
        // Pairs that known channels do not need count as done, but not towards the rate.
        let before = try total - pairsLeft()
        let next = Mutex(0)
        let done = Mutex(before)
        log.info(
            "sweep begins", metadata: ["units": "\(units.count)", "pairs": "\(total)", "before": "\(before)"])
        progress(clock.progress(.sweep, done: before, total: total, since: before - sweptBefore))
        try inParallel(by: method, isCancelled: isCancelled) { worker in
            let place = next.withLock { next in
                defer { next += 1 }
                return next
            }
            guard units.indices.contains(place) else { return false }
            let unit = units[place]
            let began = ContinuousClock.now
            // By layer, of each an image after another.
            let swept =
                switch unit.method {
                case .pairs:
                    [try worker.sums(unit, channels: open[unit.layers[0]]?.channels, statistics: statistics)]
                case .gradient:
                    try worker.derivatives(layers: unit.layers, image: unit.images.lowerBound).map { [$0] }
                }
            let sums = try Self.fitted(swept, unit, open, manifest)
            try store.write { transaction in
                for (layer, sums) in zip(unit.layers, sums) {
                    try DatabaseTables.add(
                        sums, layer: manifest.layers[layer], images: unit.images, transaction)
                }
            }
            log.debug(
                "unit swept",
                metadata: [
                    "layers": "\(unit.layers.map { manifest.layers[$0].name })", "images": "\(unit.images)",
                    "took": "\(began.duration(to: .now))",
                ])
            done.withLock { done in
                done += swept.joined().reduce(0) { $0 + $1.channels }
                progress(clock.progress(.sweep, done: done, total: total, since: before - sweptBefore))
            }
            return true
        }
        return done.withLock { $0 - before }
    }

    /// What a unit gave, by layer and image, each with all of the layer's channels.
    /// - Throws: `DatabaseError.misfit` where they are not what was asked for.
    private static func fitted(
        _ all: [[ChannelSums]], _ unit: WorkList.Unit, _ open: [Int: OpenWork], _ manifest: Manifest
    ) throws(DatabaseError) -> [[ChannelSums]] {
        guard all.count == unit.layers.count else {
            throw .misfit(
                layer: manifest.layers[unit.layers[0]].name,
                reason: "\(all.count) layers where \(unit.layers.count) were asked for")
        }
        var fitted: [[ChannelSums]] = []
        for (place, images) in zip(unit.layers, all) {
            let layer = manifest.layers[place]
            let channels = open[place]?.channels
            let count = channels?.count ?? layer.channels
            guard images.count == unit.images.count else {
                throw .misfit(
                    layer: layer.name, reason: "\(images.count) images, not \(unit.images.count)")
            }
            for sums in images {
                guard sums.channels == count, sums.dimension == manifest.dimension else {
                    throw .misfit(
                        layer: layer.name,
                        reason: "\(sums.channels) channels of width \(sums.dimension), not \(count) of "
                            + "\(manifest.dimension)")
                }
                guard sums.pairs.allSatisfy({ $0 == 1 }) else {
                    throw .misfit(layer: layer.name, reason: "not every channel has one pair an image")
                }
            }
            fitted.append(
                images.map { sums in channels.map { sums.placed(at: $0, of: layer.channels) } ?? sums })
        }
        return fitted
    }

    // MARK: Verification

    /// Compares a table from gradients with true pairs, unless that was done, and with as many channels as are asked for;
    /// false where it was cancelled.
    private func verify(
        statistics: StyleStatistics, isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (BuildProgress) -> Void
    ) throws -> Bool {
        guard let record = manifest.gradient,
            let verification = TableVerification(manifest, channels: request.verifiedChannels ?? 64),
            record.agreement.map({ request.verifiedChannels != nil && $0.channels != verification.count })
                ?? true
        else { return true }
        let clock = RateClock()
        let comparison = Mutex(verification.start())
        let total = verification.steps.count
        for method in [TableMethod.gradient, .pairs] {
            let steps = verification.steps.filter { $0.method == method }
            let next = Mutex(0)
            try inParallel(by: method, isCancelled: isCancelled) { worker in
                let place = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard steps.indices.contains(place) else { return false }
                let part = try verification.run(steps[place], worker, statistics)
                try comparison.withLock { comparison in
                    try comparison.merge(part)
                    progress(
                        clock.progress(.verification, done: comparison.steps, total: total, since: 0))
                }
                return true
            }
        }
        guard comparison.withLock({ $0.steps }) == total else { return false }
        manifest.gradient?.agreement = comparison.withLock { [sketch = request.sketch?.directions] in
            verification.agreement(of: $0, along: sketch)
        }
        try store.write { [manifest] in try DatabaseTables.put(manifest, $0) }
        return true
    }

    // MARK: Workers

    /// Runs `step` on every worker's thread until it returns false, an error ends the build, or it is cancelled.
    ///
    /// A worker is made on its own thread when there is a step to do.
    /// - Parameter method: What the workers are for: threads may share an image's derivatives.
    private func inParallel(
        by method: TableMethod = .pairs, isCancelled: @escaping @Sendable () -> Bool,
        _ step: @escaping @Sendable (any SweepWorker) throws -> Bool
    ) throws {
        let (subject, settings) = (subject, manifest.settings)
        let failure = Mutex<(any Error)?>(nil)
        let workers = subject.workers(for: method, threads: request.workers)
        let threads = request.workers / workers
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            do {
                guard !isCancelled(), failure.withLock({ $0 == nil }) else { return }
                let worker = try subject.makeWorker(settings: settings, threads: threads)
                while !isCancelled(), failure.withLock({ $0 == nil }), try step(worker) {}
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

/// When a stage began, for its rate.
private struct RateClock: Sendable {
    private let start = ContinuousClock.now

    func progress(_ stage: BuildProgress.Stage, done: Int, total: Int, since before: Int) -> BuildProgress {
        let elapsed = start.duration(to: .now) / .seconds(1)
        return BuildProgress(
            stage: stage, done: done, total: total, rate: elapsed > 0 ? Double(done - before) / elapsed : 0)
    }
}
