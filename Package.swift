// swift-tools-version: 6.2
import PackageDescription

// One loop sets the language features of every target; continuous integration turns warnings into errors.
let strict = Context.environment["TRAWL_STRICT"] == "1"
let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

/// A target of ours together with its test target. Golden files are found by path and are no resources.
func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], tests: [Target.Dependency] = [], golden: Bool = false
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings),
        .testTarget(
            name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies + tests,
            exclude: golden ? ["Golden"] : [], swiftSettings: swiftSettings),
    ]
}

func systemLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

// Built when asked for, so that users and tests do without.
let benchmarks: [Target] =
    Context.environment["TRAWL_BENCHMARKS"] == "1"
    ? [
        .executableTarget(
            name: "SubstringSpeed", dependencies: ["Core", "Store", "SubstringIndex"],
            path: "eval/speed/substring/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "BeamSearchSpeed", dependencies: ["Corpus", "Generation", "Retrieval", "Tensors"],
            path: "eval/speed/beam_search/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "VectorSpeed",
            dependencies: [
                "Core", "Store", "VectorIndex", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "eval/speed/vectors/Sources", swiftSettings: swiftSettings),
    ] : []

let package = Package(
    name: "trawl",
    products: [.executable(name: "trawl", targets: ["trawl"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        systemLibrary("CLMDB", pkgConfig: "lmdb", apt: "liblmdb-dev"),
        systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        systemLibrary("CStemmer", apt: "libstemmer-dev"),
        systemLibrary("CXML2", pkgConfig: "libxml-2.0", apt: "libxml2-dev"),
        .target(name: "CKernels"),
    ]
        + module("Core")
        + module("Store", ["Core", "CLMDB", "CZlib"])
        + module("Corpus", ["Core", "CZlib", "CZstd", "CXML2"])
        + module("Tokenizers", ["Core"], golden: true)
        + module("Tensors", ["Core", "CKernels"], golden: true)
        + module("SubstringIndex", ["Core", "Store", "CKernels"])
        + module("VectorIndex", ["Core", "Store", "CKernels"])
        + module("LexicalIndex", ["Core", "Store", "CStemmer"])
        + module("Models", ["Core", "Tensors", "Tokenizers"], golden: true)
        + module("Generation", ["Core", "Models", "Tensors"], tests: ["Tokenizers"], golden: true)
        + module("Embeddings", ["Core", "Models", "Tensors", "Tokenizers"], golden: true)
        + module("Reranking", ["Core", "Models", "Tensors", "Tokenizers"], golden: true)
        + module("Training", ["Core", "CKernels", "Generation", "Models", "Tensors", "Tokenizers"], golden: true)
        + module("ModelBenchmark", ["Core", "Embeddings", "Models", "Tensors", "Tokenizers"])
        + module("Evaluation", ["Core"], golden: true)
        + module(
            "Retrieval",
            [
                "Core", "Store", "Corpus", "Tokenizers", "SubstringIndex", "VectorIndex", "LexicalIndex", "Models",
                "Generation", "Embeddings", "Reranking", "Tensors", "Yams",
            ])
        + [
            .executableTarget(
                name: "trawl",
                dependencies: [
                    "Core", "Corpus", "Evaluation", "Generation", "Retrieval", "Embeddings", "ModelBenchmark", "Models",
                    "Tensors", "Tokenizers", "Training",
                    .product(name: "ArgumentParser", package: "swift-argument-parser"), "Yams",
                ],
                swiftSettings: swiftSettings),
            .testTarget(name: "trawlTests", dependencies: ["trawl"], swiftSettings: swiftSettings),
        ] + benchmarks,
    swiftLanguageModes: [.v6]
)
