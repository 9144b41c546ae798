/// Bytes that are not the UTF-8 that they should be.
enum InvalidText {
    /// The offset of the first byte that is not UTF-8, or nil where all are.
    static func offset(in bytes: some Sequence<UInt8>) -> Int? {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let scalar): offset += scalar.count
            case .error: return offset
            case .emptyInput: return nil
            }
        }
    }

    /// The first argument of this process that is not UTF-8, counted from 1, and the offset of its first such byte.
    static func inArguments() -> (argument: Int, offset: Int)? {
        let arguments = UnsafeBufferPointer(
            start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
        for (number, argument) in arguments.enumerated() {
            guard let argument else { break }
            let bytes = sequence(state: argument) { byte -> UInt8? in
                guard byte.pointee != 0 else { return nil }
                defer { byte += 1 }
                return UInt8(bitPattern: byte.pointee)
            }
            if let offset = offset(in: bytes) { return (number, offset) }
        }
        return nil
    }
}
