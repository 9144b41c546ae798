import COneDNN

/// The instructions that this process computes with. Kernels of two sets add in different orders, so that their sums differ
/// in rounding.
public enum InstructionSet {
    /// Its name as oneDNN writes it: "avx2", "avx512_core_bf16".
    public static let name: String = {
        let text = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa()).map { String(cString: $0) } ?? "unknown"
        return text.hasPrefix("cpu_isa_") ? String(text.dropFirst("cpu_isa_".count)) : text
    }()
}
