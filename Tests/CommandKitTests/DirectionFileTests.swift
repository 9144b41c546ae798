import Testing

@testable import CommandKit

@Suite struct DirectionFileTests {
    @Test(arguments: [
        ("a.npz", "npz"), ("a.b.JSON", "json"), ("x/y.safetensors", "safetensors"), ("a.CSV", "csv"),
    ])
    func endingsAreFormats(path: String, format: String) {
        #expect(DirectionFile.Format(path: path)?.rawValue == format)
        #expect(DirectionFile.Format(path: path + "x") == nil && DirectionFile.Format(path: format) == nil)
    }
}
