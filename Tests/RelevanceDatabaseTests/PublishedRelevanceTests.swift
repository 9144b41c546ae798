import Foundation
import Relevance
import Tensors
import TestSupport
import Testing

@testable import Checkpoints
@testable import RelevanceDatabase

@Suite struct PublishedRelevanceTests {
    private let folder: TemporaryFolder
    /// Channels of the layers of a 16 × 16 generator: 200 of them swept.
    private let widths = [60, 60, 60, 30, 30, 30, 20, 20]

    init() throws { folder = try TemporaryFolder() }

    private func open(_ name: String) throws -> Checkpoint { try Checkpoint.open(path: folder.file(name)) }

    /// Unit rows of a seed, `[rows, width]`.
    private func table(rows: Int, width: Int) throws -> Tensor {
        var random = NumPyRandomState(seed: 5)
        var table = Tensor(zeros: [rows, width])
        for row in 0..<rows {
            let values = random.gaussians(width)
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for i in 0..<width { table[row * width + i] = values[i] / length }
        }
        return table
    }

    /// Statistics of these widths: means 1, 2, …, deviations half of them.
    private func writeStatistics(_ widths: [Int]) throws {
        let means = widths.indices.map { [Float](repeating: Float($0 + 1), count: widths[$0]) }
        try NumPyPickle.write([means, means.map { $0.map { $0 / 2 } }], path: folder.file("S_mean_std"))
    }

    private func makeDatabase(_ published: PublishedRelevance, _ name: String = "store") throws {
        try published.makeDatabase(
            at: folder.file(name), generator: .unknown, clip: .unknown,
            settings: SweepSettings(centre: .mean), pairs: 100, neutral: "a face", toolVersion: "1")
    }

    @Test(.enabled(if: Conformance.isPresent), arguments: ["<f4", "<f8"])
    func directionsOfAnImportedTableAreThePublishedOnes(type: String) throws {
        let reference = try Checkpoint.open(path: Conformance.path("global-directions/case.safetensors"))
        let rows = try reference.tensor("relevance")
        let deviation = try reference.tensor("std").values
        var bytes = NumPyHeader.bytes(type: type, shape: rows.shape)
        for value in rows.values {
            withUnsafeBytes(of: value.bitPattern) { if type == "<f4" { bytes += Array($0) } }
            withUnsafeBytes(of: Double(value).bitPattern) { if type == "<f8" { bytes += Array($0) } }
        }
        try WholeFile.write(path: folder.file("fs3.npy"), contents: bytes)
        var swept = deviation[...]
        let deviations = widths.enumerated().map { place, width in
            if place % 3 == 1 { return [Float](repeating: 9, count: width) }
            defer { swept = swept.dropFirst(width) }
            return Array(swept.prefix(width))
        }
        try NumPyPickle.write(
            [deviations.map { $0.map { _ in 0 } }, deviations], path: folder.file("S_mean_std"))

        try makeDatabase(PublishedRelevance(table: open("fs3.npy"), statistics: open("S_mean_std")))
        let database = try RelevanceDatabase(path: folder.file("store"))
        #expect(database.manifest.pairsDone == 100 && database.manifest.precision == "imported")
        let text = try TextDirection(reference.tensor("delta_t").values)
        for threshold in ["0.0", "0.05", "0.12"] {
            let direction = try database.direction(for: text, threshold: #require(Float(threshold)))
            let expected = try reference.tensor("direction.beta\(threshold)").values
            let positions = database.channels.positions
            for (row, value) in expected.enumerated() {
                #expect(abs(direction.change[positions[row]] - value) < 1e-5)
            }
            let others = direction.change.indices.filter { !positions.contains($0) }
            #expect(others.count == 110 && others.allSatisfy { direction.change[$0] == 0 })
        }
    }

    @Test(.enabled(if: Conformance.isPresent)) func thePublishedStatisticsAreOf1024Pixels() throws {
        try NumPyFile.write(table(rows: 6048, width: 3), path: folder.file("fs3.npy"))
        let published = try PublishedRelevance(
            table: open("fs3.npy"), statistics: .open(path: Conformance.path("styleclip/S_mean_std")))
        #expect(published.layers.count == 26 && published.statistics.mean.count == 9088)
        let names = published.layers.map(\.name)
        #expect(names.prefix(5) == ["b4.conv1", "b4.torgb", "b8.conv0", "b8.conv1", "b8.torgb"])
        #expect(names.suffix(3) == ["b1024.conv0", "b1024.conv1", "b1024.torgb"])
        #expect(published.layers.filter(\.isSwept).reduce(0) { $0 + $1.channels } == 6048)
    }

    @Test func statisticsWithoutToRGBLayersAreTakenAsSuch() throws {
        try NumPyFile.write(table(rows: 200, width: 4), path: folder.file("fs3.npy"))
        try writeStatistics([60, 60, 30, 30, 20])
        let published = try PublishedRelevance(table: open("fs3.npy"), statistics: open("S_mean_std"))
        #expect(
            published.layers.map(\.name) == ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1"])

        // A generator's own layers put the missing ones between.
        let all = zip(widths, ["conv1", "torgb", "conv0", "conv1", "torgb", "conv0", "conv1", "torgb"])
            .enumerated().map {
                LayerRecord(
                    name: "b\(4 << (($0 + 1) / 3)).\($1.1)", channels: $1.0, resolution: 4 << (($0 + 1) / 3),
                    isSwept: $1.1 != "torgb")
            }
        let whole = try PublishedRelevance(
            table: open("fs3.npy"), statistics: open("S_mean_std"), layers: all)
        #expect(whole.layers == all && whole.statistics.mean.count == 310)
        #expect(whole.statistics.mean[60..<120].allSatisfy { $0 == 0 })
        #expect(whole.statistics.mean[120] == 2 && whole.statistics.deviation[120] == 1)
    }

    @Test func whatIsWrittenIsReadBackToTheSameBits() throws {
        let rows = try table(rows: 200, width: 4)
        try NumPyFile.write(rows, path: folder.file("fs3.npy"))
        try writeStatistics(widths)
        let published = try PublishedRelevance(table: open("fs3.npy"), statistics: open("S_mean_std"))
        try makeDatabase(published)
        try FileManager.default.createDirectory(
            atPath: folder.file("out"), withIntermediateDirectories: true)
        try PublishedRelevance.write(
            RelevanceDatabase(path: folder.file("store")), folder: folder.file("out"))
        let again = try PublishedRelevance(table: open("out/fs3.npy"), statistics: open("out/S_mean_std"))
        #expect(again.table.rows == rows && again.statistics == published.statistics)
        #expect(again.layers == published.layers)
        for name in ["fs3.npy", "S_mean_std"] {
            #expect(try open("out/" + name).fingerprint == open(name).fingerprint)
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        try NumPyFile.write(table(rows: 199, width: 4), path: folder.file("short.npy"))
        try NumPyFile.write(table(rows: 200, width: 4), path: folder.file("fs3.npy"))
        try NumPyFile.write(Tensor(zeros: [3, 4, 5]), path: folder.file("latents.npy"))
        var long = try table(rows: 200, width: 4)
        long[13] += 2
        try NumPyFile.write(long, path: folder.file("long.npy"))
        try writeStatistics(widths)
        for (name, reason) in [
            ("short.npy", "199 rows"), ("latents.npy", "latents"), ("long.npy", "row 3 has length"),
            ("S_mean_std", "one matrix"),
        ] {
            #expect {
                try PublishedRelevance(table: open(name), statistics: open("S_mean_std"))
            } throws: { "\($0)".contains(reason) }
        }
        #expect(throws: PublishedRelevanceError.self) {
            try PublishedRelevance(table: open("fs3.npy"), statistics: open("fs3.npy"))
        }
        let published = try PublishedRelevance(table: open("fs3.npy"), statistics: open("S_mean_std"))
        try makeDatabase(published)
        #expect { try makeDatabase(published) } throws: { "\($0)".contains("holds a database already") }
    }
}
