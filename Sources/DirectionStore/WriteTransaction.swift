import CLMDB

/// One change of a store, all or nothing, for as long as the closure of `DirectionStore.write` runs.
public struct WriteTransaction: ~Copyable {
    /// The store as this transaction has it so far.
    public let reading: Transaction

    /// Sets a value.
    public func put(bytes: some Collection<UInt8>, for key: String, in table: Table) throws(StoreError) {
        try put(count: bytes.count, for: key, in: table) { $0.copyBytes(from: bytes) }
    }

    /// Sets a value of float32 numbers.
    public func put(_ numbers: [Float], for key: String, in table: Table) throws(StoreError) {
        try putNumbers(numbers, for: key, in: table)
    }

    /// Sets a value of 64-bit integers.
    public func put(_ numbers: [Int64], for key: String, in table: Table) throws(StoreError) {
        try putNumbers(numbers, for: key, in: table)
    }

    /// Sets a value of float64 numbers.
    public func put(_ numbers: [Double], for key: String, in table: Table) throws(StoreError) {
        try putNumbers(numbers, for: key, in: table)
    }

    /// Adds integers to those of a value, which starts as zeros.
    ///
    /// - Throws: `StoreError.valueSize` where the value has another count; `.overflow` where a sum does not fit.
    public func add(_ terms: [Int64], to key: String, in table: Table) throws {
        guard var sums = try reading.integers(of: key, in: table, count: terms.count) else {
            return try put(terms, for: key, in: table)
        }
        var anyOverflow = false
        for index in sums.indices {
            let (sum, overflow) = sums[index].addingReportingOverflow(terms[index])
            sums[index] = sum
            anyOverflow = anyOverflow || overflow
        }
        if anyOverflow { throw StoreError.overflow(path: reading.path, table: table, key: key) }
        try put(sums, for: key, in: table)
    }

    /// Removes an entry, if there is one.
    public func remove(_ key: String, from table: Table) throws(StoreError) {
        try reading.withKey(key, of: table) { (key) throws(StoreError) in
            let code = mdb_del(reading.handle, environment.table(table), &key, nil)
            if code != MDB_NOTFOUND { try environment.check(code, "removing from \(table.rawValue)") }
        }
    }

    /// Removes every entry of a table.
    public func removeAll(from table: Table) throws(StoreError) {
        try environment.check(
            mdb_drop(reading.handle, environment.table(table), 0), "emptying \(table.rawValue)")
    }

    private var environment: Environment { reading.environment }

    private func putNumbers<Number: BitwiseCopyable>(
        _ numbers: [Number], for key: String, in table: Table
    ) throws(StoreError) {
        try put(count: numbers.count * MemoryLayout<Number>.stride, for: key, in: table) { memory in
            numbers.withUnsafeBytes { memory.copyMemory(from: $0) }
        }
    }

    /// Lets `fill` write the value straight into the page that LMDB reserves for it.
    private func put(
        count: Int, for key: String, in table: Table, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(StoreError) {
        try reading.withKey(key, of: table) { (key) throws(StoreError) in
            var value = MDB_val(mv_size: count, mv_data: nil)
            try environment.check(
                mdb_put(reading.handle, environment.table(table), &key, &value, UInt32(MDB_RESERVE)),
                "writing \(table.rawValue)")
            // LMDB's memory, `count` bytes of it, until the next change of this transaction.
            fill(UnsafeMutableRawBufferPointer(start: value.mv_data, count: count))
        }
    }
}
