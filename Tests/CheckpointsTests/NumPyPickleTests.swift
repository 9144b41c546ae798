import Foundation
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct NumPyPickleTests {
    private let path: String
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("S_mean_std")
        let lists: [[[Float]]] = [[[1, -2, 0.5], [3]], [[], [.greatestFiniteMagnitude, 7]]]
        try NumPyPickle.write(lists, path: path)
    }

    @Test func whatIsWrittenIsRead() throws {
        let read = try Checkpoint.open(path: path)
        #expect(read.names == ["0.0", "0.1", "1.0", "1.1"])
        #expect(try read.tensor("0.0", shape: [3]).values == [1, -2, 0.5])
        #expect(try read.tensor("1.0").count == 0)
        #expect(try read.tensor("1.1").values == [.greatestFiniteMagnitude, 7])
    }

    @Test(.enabled(if: TestPython.isPresent, "TEST_PYTHON names no Python")) func numPyReadsIt() throws {
        let program = """
            import pickle, sys
            lists = pickle.load(open(sys.argv[1], "rb"))
            print([[(a.tolist(), str(a.dtype), a.flags.writeable) for a in part] for part in lists])
            """
        #expect(
            try TestPython.output(program, [path])
                == "[[([1.0, -2.0, 0.5], 'float32', True), ([3.0], 'float32', True)], "
                + "[([], 'float32', True), ([3.4028234663852886e+38, 7.0], 'float32', True)]]")
    }
}
