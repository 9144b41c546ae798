import CLMDB

/// One snapshot of a store, for as long as the closure of `DirectionStore.read` runs.
///
/// It cannot be copied and spans cannot be kept, so no byte borrowed from the map outlives the snapshot.
/// Numbers are little-endian on disk; every reader names the count that it needs, checked before decoding.
public struct Transaction: ~Copyable {
    let handle: OpaquePointer
    let environment: Environment

    var path: String { environment.path }

    /// Reads a value in place.
    ///
    /// - Returns: what `body` returns, or nil where the table has no such key.
    public func withBytes<Result>(
        of key: String, in table: Table, _ body: (RawSpan) throws -> Result
    ) throws -> Result? {
        try withRawBytes(of: key, in: table) { try body($0.bytes) }
    }

    /// A copy of a value, or nil where the table has no such key.
    public func bytes(of key: String, in table: Table) throws -> [UInt8]? {
        try withRawBytes(of: key, in: table) { [UInt8]($0) }
    }

    /// Reads float32 numbers in place; only values of less than a page, which LMDB may leave unaligned, are copied.
    ///
    /// - Throws: `StoreError.valueSize` where the value does not hold `count` numbers; what `body` throws.
    /// - Returns: what `body` returns, or nil where the table has no such key.
    public func withFloats<Result>(
        of key: String, in table: Table, count: Int, _ body: (Span<Float>) throws -> Result
    ) throws -> Result? {
        try withNumbers(of: key, in: table, count: count, body)
    }

    /// Reads float32 numbers in place, as many as there are.
    ///
    /// - Throws: `StoreError.valueSize` where the value ends within a number; what `body` throws.
    /// - Returns: what `body` returns, or nil where the table has no such key.
    public func withFloats<Result>(
        of key: String, in table: Table, _ body: (Span<Float>) throws -> Result
    ) throws -> Result? {
        guard let size = try withRawBytes(of: key, in: table, { $0.count }) else { return nil }
        return try withFloats(of: key, in: table, count: size / MemoryLayout<Float>.size, body)
    }

    /// Copied float32 numbers; nil where the table has no such key.
    /// - Throws: `StoreError.valueSize` where the value does not hold `count` numbers.
    public func floats(of key: String, in table: Table, count: Int) throws -> [Float]? {
        try withNumbers(of: key, in: table, count: count) { copy(of: $0) }
    }

    /// Copied 64-bit integers; nil where the table has no such key.
    /// - Throws: `StoreError.valueSize` where the value does not hold `count` numbers.
    public func integers(of key: String, in table: Table, count: Int) throws -> [Int64]? {
        try withNumbers(of: key, in: table, count: count) { copy(of: $0) }
    }

    /// Copied float64 numbers; nil where the table has no such key.
    /// - Throws: `StoreError.valueSize` where the value does not hold `count` numbers.
    public func doubles(of key: String, in table: Table, count: Int) throws -> [Double]? {
        try withNumbers(of: key, in: table, count: count) { copy(of: $0) }
    }

    /// Whether the table has this key.
    public func contains(_ key: String, in table: Table) throws -> Bool {
        try withRawBytes(of: key, in: table) { _ in } != nil
    }

    /// The number of entries of a table.
    public func count(of table: Table) throws(StoreError) -> Int {
        var statistics = MDB_stat()
        try environment.check(
            mdb_stat(handle, environment.table(table), &statistics), "reading \(table.rawValue)")
        return Int(clamping: statistics.ms_entries)
    }

    /// Visits the entries of a table in the order of their keys' bytes.
    public func forEach(in table: Table, _ body: (_ key: String, _ value: RawSpan) throws -> Void) throws {
        var cursor: OpaquePointer?
        try environment.check(
            mdb_cursor_open(handle, environment.table(table), &cursor), "reading \(table.rawValue)")
        defer { mdb_cursor_close(cursor) }
        var key = MDB_val()
        var value = MDB_val()
        while true {
            let code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
            if code == MDB_NOTFOUND { return }
            try environment.check(code, "reading \(table.rawValue)")
            try body(
                String(
                    decoding: UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size), as: UTF8.self),
                UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size).bytes)
        }
    }

    // MARK: The door

    /// `body` gets memory of the map: valid until the transaction ends or, in a write, until the next change.
    func withRawBytes<Result>(
        of key: String, in table: Table, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        let found = try withKey(key, of: table) { (key) throws(StoreError) -> UnsafeRawBufferPointer? in
            var value = MDB_val()
            let code = mdb_get(handle, environment.table(table), &key, &value)
            if code == MDB_NOTFOUND { return nil }
            try environment.check(code, "reading \(table.rawValue)")
            return UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
        }
        guard let found else { return nil }
        return try body(found)
    }

    func withKey<Result>(
        _ key: String, of table: Table, _ body: (inout MDB_val) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let bytes = Array(key.utf8)
        guard (1...Table.longestKey).contains(bytes.count) else {
            throw .key(table: table, length: bytes.count)
        }
        return try bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) -> Result in
            // LMDB takes the key's address as writable, and does not write there.
            var value = MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return try body(&value)
        }
    }

    /// Numbers of a trivial type, as they lie in the map on a little-endian machine.
    private func withNumbers<Number: BitwiseCopyable, Result>(
        of key: String, in table: Table, count: Int, _ body: (Span<Number>) throws -> Result
    ) throws -> Result? {
        #if _endian(big)
            #error("the store's numbers are little-endian, and are borrowed from the map as they lie")
        #endif
        let (expected, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Number>.stride)
        return try withRawBytes(of: key, in: table) { (bytes: UnsafeRawBufferPointer) throws -> Result in
            guard !overflow, bytes.count == expected else {
                throw StoreError.valueSize(
                    path: path, table: table, key: key, found: bytes.count,
                    expected: overflow ? Int.max : expected)
            }
            if Int(bitPattern: bytes.baseAddress) % MemoryLayout<Number>.alignment == 0 {
                return try body(bytes.assumingMemoryBound(to: Number.self).span)
            }
            let copy = [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                initialized = count
            }
            return try body(copy.span)
        }
    }
}

private func copy<Number: BitwiseCopyable>(of span: Span<Number>) -> [Number] {
    span.withUnsafeBufferPointer { [Number]($0) }
}
