/// A Python name that a pickle may use, by what it stands for here; every other name is refused.
///
/// Nothing is ever imported or run: a name chooses one of the few things that `PickleInterpreter` can build.
enum PickleName: Sendable, Equatable {
    case dictionary, defaultDictionary, list, tuple, set
    /// `_codecs.encode`: how Python 3 writes bytes for protocol 2.
    case encode
    /// `copyreg._reconstructor(class, base, state)` and `copyreg.__newobj__(class, …)`.
    case newObject
    /// A function of one argument that returns it, as far as tensors go (typed lists of TorchScript).
    case same
    /// A class whose instances are kept as attributes only.
    case record(String)
    /// A constant, or a class that is only mentioned.
    case constant(String)

    case storage(ElementType?, String)
    /// `torch.float32` and the like, which tensors over untyped storages name.
    case elementType(ElementType?, String)
    case rebuildTensor
    case rebuildTypedTensor
    case rebuildParameter
    case rebuildFromType
    case storageFromBytes
    /// NVIDIA's wrapper around an object that carries its own source, which is skipped.
    case persistentObject

    case array, arrayType, reconstructArray, arrayFromBuffer, arrayScalar

    /// What the name stands for, or nil where it is not known here.
    init?(module: String, name: String) {
        if let known = Self.known["\(module).\(name)"] {
            self = known
        } else if Self.recordModules.contains(where: { module == $0 || module.hasPrefix($0 + ".") }) {
            self = .record("\(module).\(name)")
        } else if ["torch", "torch.cuda", "torch.storage"].contains(module), let storage = Self.storage(name)
        {
            self = storage
        } else if module == "torch", let type = Self.elementTypes[name] {
            self = .elementType(type, name)
        } else {
            return nil
        }
    }

    /// Modules whose classes are layers, of PyTorch and of TorchScript archives.
    private static let recordModules = ["torch.nn.modules", "__torch__"]

    private static let known: [String: PickleName] = {
        var names: [String: PickleName] = [
            "_codecs.encode": .encode,
            "copyreg._reconstructor": .newObject, "copy_reg._reconstructor": .newObject,
            "copyreg.__newobj__": .newObject,
            "torch.Size": .tuple, "collections.OrderedDict": .dictionary,
            "collections.defaultdict": .defaultDictionary,
            "collections.Counter": .dictionary, "dnnlib.util.EasyDict": .dictionary,
            "dnnlib.EasyDict": .dictionary,
            "argparse.Namespace": .record("Namespace"), "types.SimpleNamespace": .record("SimpleNamespace"),
            "pathlib.PosixPath": .record("PosixPath"), "pathlib.WindowsPath": .record("WindowsPath"),
            "torch.device": .record("device"), "torch.strided": .constant("strided"),
            "torch.Tensor": .constant("Tensor"), "torch.nn.parameter.Parameter": .constant("Parameter"),
            "torch._utils._rebuild_tensor": .rebuildTensor, "torch._utils._rebuild_tensor_v2": .rebuildTensor,
            "torch._utils._rebuild_tensor_v3": .rebuildTypedTensor,
            "torch._utils._rebuild_parameter": .rebuildParameter,
            "torch._utils._rebuild_parameter_with_state": .rebuildParameter,
            "torch._tensor._rebuild_from_type_v2": .rebuildFromType,
            "torch.storage._load_from_bytes": .storageFromBytes,
            "torch_utils.persistence._reconstruct_persistent_obj": .persistentObject,
            "numpy.ndarray": .array, "numpy.dtype": .arrayType,
        ]
        for module in ["builtins", "__builtin__"] {
            names["\(module).dict"] = .dictionary
            names["\(module).list"] = .list
            names["\(module).tuple"] = .tuple
            names["\(module).set"] = .set
            names["\(module).frozenset"] = .set
            // Mentioned as what a defaultdict makes; never made here.
            for type in ["object", "int", "long", "float", "bool", "str", "unicode", "bytes", "bytearray"] {
                names["\(module).\(type)"] = .constant(type)
            }
        }
        for function in [
            "build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag",
        ] {
            names["torch.jit._pickle.\(function)"] = .same
        }
        for core in ["numpy.core", "numpy._core"] {
            names["\(core).multiarray._reconstruct"] = .reconstructArray
            names["\(core).multiarray.scalar"] = .arrayScalar
            names["\(core).numeric._frombuffer"] = .arrayFromBuffer
        }
        return names
    }()

    private static func storage(_ name: String) -> PickleName? {
        let names: [String: ElementType?] = [
            "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16,
            "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16,
            "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
            // Their tensors name the type themselves, or cannot be read as float32.
            "UntypedStorage": nil, "ComplexFloatStorage": nil,
            "ComplexDoubleStorage": nil,
        ]
        return names[name].map { .storage($0, name) }
    }

    private static let elementTypes: [String: ElementType?] = [
        "float32": .float32, "float64": .float64, "float16": .float16, "bfloat16": .bfloat16,
        "int8": .int8, "int16": .int16, "int32": .int32, "int64": .int64,
        "uint8": .uint8, "uint16": .uint16, "uint32": .uint32, "uint64": .uint64, "bool": .bool,
        "complex64": nil, "complex128": nil,
        "float8_e4m3fn": nil, "float8_e5m2": nil,
    ]
}
