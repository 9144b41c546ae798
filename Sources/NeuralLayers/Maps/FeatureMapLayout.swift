import COneDNN

/// How a feature map's elements lie in memory.
public enum FeatureMapLayout: Hashable, Sendable {
    /// `[N, C, H, W]`, row-major, as `Tensor` has it.
    case planes
    /// `[N, C/b, H, W, b]`: the channels in blocks of `b`, a pixel's block side by side. The channels are padded
    /// to whole blocks; the padding is zero wherever a layer wrote the map.
    case blocked(Int)

    /// The blocked layout that suits the processor's vectors: 16 channels with AVX-512, else 8.
    public static let blockedForProcessor: FeatureMapLayout =
        dnnl_get_effective_cpu_isa().rawValue & dnnl_cpu_isa_avx512_core.rawValue
            == dnnl_cpu_isa_avx512_core.rawValue ? .blocked(16) : .blocked(8)

    /// The layout in which maps go from layer to layer: planes for up to 3 channels (pictures), else blocked.
    public static func preferred(channels: Int) -> FeatureMapLayout {
        channels <= 3 ? .planes : blockedForProcessor
    }

    /// The channels that lie side by side: 1 for planes.
    public var blockSize: Int {
        switch self {
        case .planes: 1
        case .blocked(let size): size
        }
    }

    var tag: dnnl_format_tag_t {
        switch self {
        case .planes: dnnl_nchw
        case .blocked(8): dnnl_nChw8c
        case .blocked(16): dnnl_nChw16c
        case .blocked(let size): preconditionFailure("maps are blocked by 8 or 16 channels, not \(size)")
        }
    }
}
