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

/// The module that the sources in `folder` make: prefixed, so that a package which depends on this one may have a target
/// `Models` of its own. C modules keep their `C` in front.
func moduleName(_ folder: String) -> String {
    let isC = folder.prefix(2).allSatisfy(\.isUppercase)
    return isC ? "CTrawl\(folder.dropFirst())" : "Trawl\(folder)"
}

/// Modules of ours as dependencies, by their folders.
func modules(_ folders: [String]) -> [Target.Dependency] { folders.map { .byName(name: moduleName($0)) } }

/// A target of ours together with its test target. Golden files are found by path and are not resources.
///
/// - Parameters:
///   - tests: further folders whose modules the tests import.
///   - packages: products of other packages.
func module(
    _ folder: String, _ dependencies: [String] = [], tests: [String] = [], packages: [Target.Dependency] = [],
    golden: Bool = false
) -> [Target] {
    [
        .target(
            name: moduleName(folder), dependencies: modules(dependencies) + packages, path: "Sources/\(folder)",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "\(folder)Tests",
            dependencies: modules([folder] + dependencies + tests + ["TestSupport"]) + packages,
            path: "Tests/\(folder)Tests", exclude: golden ? ["Golden"] : [], swiftSettings: swiftSettings),
    ]
}

func systemLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: moduleName(name), path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
/// What the server stands on; no other target imports them.
let serverPackages: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
    .product(name: "Logging", package: "swift-log"),
    .product(name: "Metrics", package: "swift-metrics"),
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
]
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// Built when asked for, so that users and tests do without.
let benchmarks: [Target] =
    Context.environment["TRAWL_BENCHMARKS"] == "1"
    ? [
        .executableTarget(
            name: "SubstringSpeed", dependencies: modules(["Core", "Store", "SubstringIndex"]),
            path: "eval/speed/substring/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "BeamSearchSpeed", dependencies: modules(["Corpus", "Generation", "Engine", "Tensors"]),
            path: "eval/speed/generation/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "ProductSpeed", dependencies: modules(["Core", "Tensors"]), path: "eval/speed/products/Sources",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "VectorSpeed",
            dependencies: modules(["Core", "Store", "VectorIndex"]) + [
                argumentParser, .product(name: "Logging", package: "swift-log"),
            ],
            path: "eval/speed/vectors/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "LexicalSpeed", dependencies: modules(["Core", "Store", "LexicalIndex"]),
            path: "eval/speed/lexical/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "LateSpeed", dependencies: modules(["Core", "Store", "LateIndex", "Tensors"]),
            path: "eval/speed/late/Sources", swiftSettings: swiftSettings),
        .executableTarget(
            name: "MeasureSpeed", dependencies: modules(["Core", "Evaluation"]), path: "eval/speed/measures/Sources",
            swiftSettings: swiftSettings),
    ] : []

let package = Package(
    name: "trawl",
    products: [
        .library(name: "Trawl", targets: ["Trawl"]),
        .executable(name: "trawl", targets: ["trawl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // Without traits: the server takes its settings from the command line.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        systemLibrary("CLMDB", pkgConfig: "lmdb", apt: "liblmdb-dev"),
        systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        systemLibrary("CStemmer", apt: "libstemmer-dev"),
        // Loaded at run time by Tensors, never linked; see Sources/Tensors/LinearAlgebra/OpenBLAS.swift.
        systemLibrary("COpenBLAS", apt: "libopenblas-dev"),
        systemLibrary("CXML2", pkgConfig: "libxml-2.0", apt: "libxml2-dev"),
        systemLibrary("CMD4C", pkgConfig: "md4c", apt: "libmd4c-dev"),
        .target(name: moduleName("CKernels"), path: "Sources/CKernels"),
        .target(
            name: moduleName("TestSupport"), dependencies: modules(["Core"]), path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
    ]
        + module("Core", ["CZlib", "CZstd"])
        + module("Store", ["Core", "CLMDB", "CZlib"])
        + module("Corpus", ["Core", "CXML2", "CMD4C"], tests: ["CZlib", "CZstd"], packages: [yams], golden: true)
        + module("Tokenizers", ["Core"], golden: true)
        + module("Tensors", ["Core", "CKernels", "COpenBLAS"], golden: true)
        + module("SubstringIndex", ["Core", "Store", "CKernels"])
        + module("VectorIndex", ["Core", "Store", "Tensors", "CKernels"])
        + module("LateIndex", ["Core", "Store", "Tensors", "CKernels"])
        + module("LexicalIndex", ["Core", "Store", "CStemmer"], golden: true)
        + module("Senses", ["Core"])
        + module("Models", ["Core", "Tensors", "Tokenizers"], golden: true)
        + module("Generation", ["Core", "Models", "Tensors"], tests: ["Tokenizers"], golden: true)
        + module("Embeddings", ["Core", "Models", "Tensors", "Tokenizers"], golden: true)
        + module("Reranking", ["Core", "Models", "Tensors", "Tokenizers"], golden: true)
        + module(
            "Training", ["Core", "CKernels", "Generation", "Embeddings", "Models", "Tensors", "Tokenizers"],
            golden: true)
        + module("Classification", ["Core", "Embeddings", "Tensors", "Training"], golden: true)
        + module("Evaluation", ["Core"], golden: true)
        + module(
            "Engine",
            [
                "Core", "Store", "Corpus", "Tokenizers", "SubstringIndex", "VectorIndex", "LexicalIndex", "LateIndex",
                "Models", "Generation", "Embeddings", "Reranking", "Senses", "Tensors",
            ], packages: [yams])
        + module(
            "Cluster",
            [
                "Core", "Store", "Corpus", "LexicalIndex", "VectorIndex", "SubstringIndex", "Generation", "Embeddings",
                "Engine",
            ])
        + module(
            "Workbench",
            [
                "Classification", "Core", "Corpus", "Embeddings", "Engine", "Evaluation", "Generation", "LexicalIndex",
                "Models", "Senses", "Tensors", "Tokenizers", "Training", "VectorIndex",
            ], packages: [yams], golden: true)
        + [
            // The page and the description of the API are part of the binary.
            .target(
                name: moduleName("Server"),
                dependencies: modules([
                    "Cluster", "Core", "Corpus", "Embeddings", "Engine", "Models", "Reranking", "Tensors",
                ]) + serverPackages,
                path: "Sources/Server",
                resources: [
                    .embedInCode("OpenAPI/openapi.json"), .embedInCode("MCP/tools.json"), .embedInCode("Page"),
                ], swiftSettings: swiftSettings),
            .testTarget(
                name: "ServerTests",
                dependencies: modules(["Server", "Cluster", "Core", "Corpus", "Engine", "TestSupport"])
                    + serverPackages,
                path: "Tests/ServerTests", swiftSettings: swiftSettings),
            // The umbrella library: one import for programs that use Trawl.
            .target(
                name: "Trawl",
                dependencies: modules([
                    "Classification", "Cluster", "Core", "Corpus", "Embeddings", "Engine", "Evaluation",
                    "Generation", "LexicalIndex", "Models", "Senses", "Store",
                    "SubstringIndex", "Tensors", "Tokenizers", "Training", "VectorIndex", "Workbench",
                ]),
                path: "Sources/Umbrella",
                swiftSettings: swiftSettings),
            .testTarget(
                name: "UmbrellaTests", dependencies: ["Trawl"] + modules(["TestSupport"]),
                path: "Tests/UmbrellaTests", swiftSettings: swiftSettings),
            .executableTarget(
                name: "trawl",
                dependencies: modules([
                    "Classification", "Core", "Corpus", "Embeddings", "Engine", "Evaluation", "Generation",
                    "LexicalIndex", "Models", "Senses", "Server", "Tensors", "Training", "Workbench",
                ]) + [argumentParser, .product(name: "Logging", package: "swift-log")],
                path: "Sources/trawl", swiftSettings: swiftSettings),
            .testTarget(
                name: "trawlTests", dependencies: ["trawl"] + modules(["TestSupport"]), swiftSettings: swiftSettings),
            // Readers under fuzzing; see Tests/Fuzz/README.md. The tests run it, and no package has it.
            .executableTarget(
                name: "trawl-fuzz",
                dependencies: modules([
                    "Classification", "Cluster", "Core", "Corpus", "Embeddings", "Engine", "Evaluation", "Generation",
                    "LateIndex", "LexicalIndex", "Models", "Reranking", "Senses", "Server", "Store", "SubstringIndex",
                    "Tensors", "TestSupport", "Tokenizers", "Training", "VectorIndex", "Workbench",
                ]) + [
                    .product(name: "Logging", package: "swift-log"),
                    .product(name: "NIOEmbedded", package: "swift-nio"),
                ],
                path: "Tests/Fuzz", exclude: ["README.md", "Seeds", "fuzz"], swiftSettings: swiftSettings),
            .testTarget(
                name: "FuzzTests", dependencies: ["trawl-fuzz"] + modules(["TestSupport"]),
                path: "Tests/FuzzTests", swiftSettings: swiftSettings),
        ] + benchmarks,
    swiftLanguageModes: [.v6]
)
