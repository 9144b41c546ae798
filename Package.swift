// swift-tools-version: 6.1
import PackageDescription

/// A C library of the system, reached through a module map in `Sources/<name>`.
func system(_ name: String, apt package: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", providers: [.apt([package])])
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

/// A command: one folder of `Sources`, named as it is typed.
func command(
    _ name: String, _ dependencies: [Target.Dependency], on kit: Target.Dependency = "CommandKit"
) -> Target {
    .executableTarget(name: name, dependencies: dependencies + [kit, argumentParser])
}

/// The tests of a room, in the folder of that name; `exclude` names what they read in place.
func tests(of room: String, _ more: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: room + "Tests", dependencies: [.byName(name: room), "TestSupport"] + more, exclude: exclude)
}

// Rooms stand in order: none imports one that stands below it in this list.
let package = Package(
    name: "text-to-direction",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        system("COneDNN", apt: "libdnnl-dev"),
        system("COpenMP", apt: "libgomp1"),
        system("COpenBLAS", apt: "libopenblas-dev"),
        system("CLMDB", apt: "liblmdb-dev"),
        system("CCrypto", apt: "libssl-dev"),
        system("CZlib", apt: "zlib1g-dev"),
        system("CPNG", apt: "libpng-dev"),
        system("CJPEG", apt: "libturbojpeg0-dev"),

        .systemLibrary(name: "CBFloat16", path: "Sources/CBFloat16"),

        .target(name: "Tensors"),
        .target(name: "ProgramFolder"),
        .target(name: "NeuralLayers", dependencies: ["Tensors", "CBFloat16", "COneDNN", "COpenMP"]),
        .target(name: "Checkpoints", dependencies: ["Tensors", "CCrypto", "CZlib"]),
        .target(name: "Pictures", dependencies: ["Tensors", "Checkpoints", "CPNG", "CJPEG"]),
        .target(name: "StyleGAN", dependencies: ["Tensors", "NeuralLayers", "Checkpoints"]),
        .target(
            name: "Vocabulary", path: "vocab", exclude: ["README.md", "imagenet-templates.txt"],
            resources: [.embedInCode("templates.txt"), .embedInCode("words")]),
        .target(
            name: "CLIP", dependencies: ["Tensors", "NeuralLayers", "Checkpoints", "Vocabulary", "CZlib"]),
        .target(name: "Directions", dependencies: ["Tensors"]),
        .target(
            name: "Relevance",
            dependencies: ["Directions", "Tensors", "StyleGAN", "CLIP", "NeuralLayers", "COpenBLAS"]),
        .target(
            name: "DirectionStore", dependencies: ["CLMDB"],
            // Swift 6.3.1's cross-module optimiser crashes on this room's noncopyable transactions.
            swiftSettings: [.unsafeFlags(["-disable-cmo"], .when(configuration: .release))]),
        .target(name: "Catalogue", dependencies: [grdb]),
        .target(name: "DatabaseReading", dependencies: ["Directions", "DirectionStore", "Tensors"]),
        .target(
            name: "RelevanceDatabase",
            dependencies: [
                "DatabaseReading", "Relevance", "DirectionStore", "Checkpoints", "StyleGAN", "CLIP",
                "NeuralLayers", "Tensors", logging,
            ]),
        .target(
            name: "Editing",
            dependencies: [
                "DatabaseReading", "Relevance", "CLIP", "StyleGAN", "Checkpoints", "NeuralLayers", "Tensors",
            ]),
        .target(name: "AnimalFaces", dependencies: ["ProgramFolder"], resources: [.copy("Resources")]),
        // Commands that answer from a database alone stand on this, and load no network's library.
        .target(
            name: "QuestionKit",
            dependencies: [
                "DatabaseReading", "Directions", "DirectionStore", "AnimalFaces", "ProgramFolder",
                "Vocabulary",
                argumentParser,
            ]),
        .target(
            name: "CommandKit",
            dependencies: [
                "QuestionKit",
                "RelevanceDatabase", "DirectionStore", "Relevance", "Editing", "AnimalFaces", "ProgramFolder",
                "Checkpoints",
                "StyleGAN",
                "CLIP", "Vocabulary", "NeuralLayers", "Pictures", "Tensors", argumentParser,
            ]),

        .target(
            name: "CatalogueKit", dependencies: ["Catalogue", "DatabaseReading", "Directions", "QuestionKit"]),
        .target(
            name: "BuildKit",
            dependencies: ["CommandKit", "CatalogueKit", "DatabaseReading", logging, argumentParser]),

        command(
            "build-relevance",
            [
                "BuildKit", "RelevanceDatabase", "Relevance", "StyleGAN", "CLIP", "NeuralLayers", "Tensors",
                "Vocabulary",
            ]),
        command("merge-relevance", ["BuildKit", "RelevanceDatabase"]),
        command("query-direction", ["DatabaseReading", "Directions", "ProgramFolder"], on: "QuestionKit"),
        command("query-direct", []),
        command("compare-directions", ["DatabaseReading", "Directions"], on: "QuestionKit"),
        command(
            "save-direction", ["Catalogue", "CatalogueKit", "DatabaseReading", "Directions"],
            on: "QuestionKit"),
        command("list-directions", ["Catalogue", "CatalogueKit", "DatabaseReading"], on: "QuestionKit"),
        command(
            "describe-channel", ["Catalogue", "CatalogueKit", "DatabaseReading", "Directions"],
            on: "QuestionKit"),
        command("find-channels", ["Catalogue", "CatalogueKit", "DatabaseReading"], on: "QuestionKit"),
        command("build-vocabulary", ["DatabaseReading", "Vocabulary"], on: "QuestionKit"),
        command("embed-text", ["CLIP", "NeuralLayers", "RelevanceDatabase", "Vocabulary"]),
        command("export-direction", ["DatabaseReading", "Directions"]),
        command("inspect-checkpoint", ["Editing", "Checkpoints", "StyleGAN", "CLIP", "NeuralLayers"]),
        command(
            "import-relevance",
            [
                "BuildKit", "RelevanceDatabase", "DatabaseReading", "Relevance", "Directions", "StyleGAN",
                "CLIP", "Checkpoints",
            ]),
        command("export-relevance", ["RelevanceDatabase", "DatabaseReading"]),
        command(
            "preview-direction",
            ["Editing", "DatabaseReading", "Directions", "Pictures", "StyleGAN", "Tensors"]),
        command(
            "optimise-latent",
            [
                "Editing", "Relevance", "Checkpoints", "Pictures", "StyleGAN", "Tensors",
            ]),
        command(
            "train-mapper", ["Editing", "DatabaseReading", "StyleGAN", "Vocabulary"]),
        command(
            "apply-mapper", ["Editing", "Relevance", "Pictures", "StyleGAN", "Checkpoints", "Tensors"]),
        command(
            "tune-direction",
            [
                "Editing", "RelevanceDatabase", "Relevance", "Directions", "NeuralLayers", "Pictures",
                "StyleGAN",
            ]),

        .target(
            name: "FaceJudge",
            dependencies: [
                "Tensors", "NeuralLayers", "Checkpoints", "StyleGAN", "CLIP", "Relevance",
                "RelevanceDatabase",
                "AnimalFaces", "Editing",
            ],
            path: "Benchmarks/FaceJudge"),
        .executableTarget(
            name: "success-table",
            dependencies: [
                "FaceJudge", "CommandKit", "Editing", "Relevance", "AnimalFaces", "Checkpoints", "CLIP",
                "StyleGAN",
                "Vocabulary", "Tensors", argumentParser,
            ],
            path: "Benchmarks/success-table"),
        .target(name: "OtherPrograms", path: "Benchmarks/OtherPrograms"),
        .executableTarget(
            name: "benchmark",
            dependencies: [
                "FaceJudge", "RandomModels", "OtherPrograms", "QuestionKit", "CommandKit", "Checkpoints",
                "RelevanceDatabase", "DatabaseReading", "DirectionStore",
                "Directions",
                "Relevance", "Vocabulary", "AnimalFaces", "ProgramFolder", "CLIP", "StyleGAN", "NeuralLayers",
                "Tensors", argumentParser,
            ],
            path: "Benchmarks/benchmark", exclude: ["encode_text.py"]),
        .target(
            name: "RandomModels", dependencies: ["Checkpoints", "Tensors"], path: "Benchmarks/RandomModels"),
        .executableTarget(
            name: "sweep-benchmark",
            dependencies: [
                "RandomModels", "OtherPrograms", "CommandKit", "AnimalFaces", "ProgramFolder", "Relevance",
                "Directions",
                "CLIP", "StyleGAN",
                "NeuralLayers", "Checkpoints", "Tensors", argumentParser,
            ],
            path: "Benchmarks/sweep-benchmark"),
        .executableTarget(
            name: "parity",
            dependencies: [
                "CommandKit", "CLIP", "StyleGAN", "Checkpoints", "NeuralLayers", "Tensors", argumentParser,
            ],
            path: "Tools/Parity", exclude: ["parity.py", "README.md"]),
        .executableTarget(
            name: "gradient-benchmark",
            dependencies: [
                "RandomModels", "OtherPrograms", "CommandKit", "RelevanceDatabase", "DatabaseReading",
                "Relevance", "Editing",
                "AnimalFaces", "ProgramFolder",
                "Vocabulary", "CLIP", "StyleGAN", "NeuralLayers", "Checkpoints", "Tensors", argumentParser,
            ],
            path: "Benchmarks/gradient-benchmark"),
        .target(name: "CAllocations", path: "Tests/Support/CAllocations"),
        .target(
            name: "TestSupport", dependencies: ["Tensors", "Checkpoints", "CAllocations"],
            path: "Tests/Support",
            exclude: ["CAllocations"]),

        tests(of: "Tensors"),
        tests(of: "NeuralLayers", ["CBFloat16"], exclude: ["Fixtures"]),
        tests(of: "Checkpoints", ["StyleGAN"], exclude: ["Fixtures"]),
        tests(of: "Pictures", exclude: ["Fixtures"]),
        tests(of: "StyleGAN", ["Checkpoints"], exclude: ["Fixtures"]),
        tests(of: "CLIP", ["Checkpoints"], exclude: ["Fixtures"]),
        tests(of: "Vocabulary"),
        tests(of: "Directions", ["Tensors"]),
        tests(of: "Relevance", ["StyleGAN", "CLIP", "Checkpoints", "AnimalFaces"], exclude: ["Fixtures"]),
        tests(of: "DirectionStore"),
        tests(of: "Catalogue", [grdb]),
        tests(of: "RelevanceDatabase", ["Relevance", "AnimalFaces", "CLIP", "StyleGAN", "Tensors"]),
        tests(of: "BuildKit", [logging]),
        tests(
            of: "Editing",
            [
                "DatabaseReading", "Relevance", "StyleGAN", "CLIP", "Checkpoints", "AnimalFaces",
                "NeuralLayers",
                "Tensors",
            ],
            exclude: ["Fixtures"]),
        tests(of: "QuestionKit"),
        tests(of: "CommandKit"),
        // Runs the commands as they were built, so they are built first.
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "build-relevance", "merge-relevance", "query-direction", "query-direct", "embed-text",
                "build-vocabulary",
                "save-direction", "list-directions", "describe-channel", "find-channels",
                "compare-directions", "tune-direction", "optimise-latent", "train-mapper", "apply-mapper",
                "export-direction", "preview-direction", "inspect-checkpoint", "import-relevance",
                "export-relevance", "Catalogue", "Checkpoints", "DirectionStore",
                "Pictures", "RelevanceDatabase", "Tensors", "TestSupport",
            ]),
        tests(of: "FaceJudge", ["AnimalFaces", "Checkpoints", "Relevance", "RelevanceDatabase", "Tensors"]),
    ],
    swiftLanguageModes: [.v6]
)
