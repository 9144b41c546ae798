import COpenMP

/// How many threads oneDNN may use.
public enum Threads {
    /// Limits the layers that the calling thread makes and runs from now on.
    ///
    /// OpenMP keeps the number per thread, so a worker calls this before it makes its layers. Layers are tuned to
    /// the number in force when they are made: keep it the same when they run.
    public static func limit(to count: Int) {
        omp_set_num_threads(Int32(clamping: max(1, count)))
    }

    /// The number in force on the calling thread.
    public static var limit: Int { Int(omp_get_max_threads()) }
}
