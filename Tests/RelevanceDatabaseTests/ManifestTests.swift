import Foundation
import Relevance
import RelevanceDatabase
import Testing

@Suite struct ManifestTests {
    private func sample() throws -> Manifest {
        Manifest(
            generator: WeightsRecord(name: "faces.pkl", fingerprint: String(repeating: "0f", count: 32)),
            clip: WeightsRecord(name: "clip", fingerprint: String(repeating: "1e", count: 32)),
            layers: [
                LayerRecord(name: "b4.conv1", channels: 512, resolution: 4, isSwept: true),
                LayerRecord(name: "b4.torgb", channels: 512, resolution: 4, isSwept: false),
                LayerRecord(name: "b8.conv0", channels: 256, resolution: 8, isSwept: true),
            ], dimension: 512, settings: try SweepSettings(alpha: 4.25), precision: "float32",
            neutral: "face",
            toolVersion: "1.0", pairsAsked: 100)
    }

    @Test func whatIsWrittenIsRead() throws {
        let manifest = try sample()
        #expect(try Manifest(json: manifest.json(), path: "x") == manifest)
        #expect(manifest.totalChannels == 1280)
        #expect(manifest.sweptChannels == 768)
        #expect(try manifest.channels().positions == Array(0..<512) + Array(1024..<1280))
    }

    @Test(arguments: [
        ("\"pairsDone\" : 0", "\"pairsDone\" : 101"), ("\"pairsDone\" : 0", "\"pairsDone\" : -1"),
        ("\"pairsAsked\" : 100", "\"pairsAsked\" : 1e300"), ("\"pairsAsked\" : 100", "\"pairsAsked\" : 0"),
        ("\"dimension\" : 512", "\"dimension\" : 9223372036854775807"),
        ("\"dimension\" : 512", "\"dimension\" : 0"),
        ("\"channels\" : 256", "\"channels\" : -256"), ("b8.conv0", "b4.conv1"), ("b8.conv0", "b8/conv0"),
        ("b8.conv0", "b8\\u001b[7m"), ("b8.conv0", "b8,conv0"), ("b8.conv0", "b8 conv0"),
        ("faces.pkl", "faces\\u001b[7m"), ("\"face\"", "\"face\\n\""),
        ("b8.conv0", ""), ("\"alpha\" : 4.25", "\"alpha\" : -1"),
        ("\"centre\" : \"sample\"", "\"centre\" : 7"),
        ("0f0f", "zzzz"), ("0f0f", ""), ("\"isSwept\" : true", "\"isSwept\" : false"), ("}", ""),
        ("layers", "player"),
        ("\"identity\" : \"", "\"identity\" : \"x"),
    ])
    func whatIsOutOfRangeIsNamed(_ change: (String, String)) throws {
        let text = String(decoding: try sample().json(), as: UTF8.self)
        #expect(text.contains(change.0))
        let changed = Array(text.replacingOccurrences(of: change.0, with: change.1).utf8)
        #expect(throws: DatabaseError.self) { try Manifest(json: changed, path: "x") }
    }

    @Test func aLaterFormatIsNamedAndNothingElseIsRead() {
        #expect(throws: DatabaseError.formatVersion(path: "x", found: 2, known: 1)) {
            try Manifest(json: Array("{\"formatVersion\": 2, \"all\": \"else\"}".utf8), path: "x")
        }
    }

    @Test func bytesThatAreNoJSONAreRefused() {
        for text in ["", "{", "[]", "null", String(repeating: "[", count: 100_000), "\u{0}"] {
            #expect(throws: DatabaseError.self) { try Manifest(json: Array(text.utf8), path: "x") }
        }
    }
}
