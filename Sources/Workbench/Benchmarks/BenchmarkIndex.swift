import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlModels
import TrawlTokenizers

/// The index of a benchmark's data set in Trawl's cache folder. Its name tells what it was built of: one of another recipe,
/// other files or another embedding model is never taken for it.
struct BenchmarkIndex {
    private let recipe: RecipeFile
    private let name: String
    private let digest: String

    /// - Parameter folder: The data set's.
    /// - Throws: `TrawlError` for a data set without a corpus, or an embedding model that is missing.
    init(_ file: BenchmarkFile, folder: String, _ engine: Engine) throws {
        var recipe = file.recipe
        if recipe.recipe.corpus.paths.isEmpty { recipe.recipe.corpus.paths = [folder] }
        if !file.namesBuild { recipe.recipe.build = try Self.methods(file, engine.parts) }
        self.recipe = recipe
        name = file.name
        var hash = SHA256()
        var facts = [try recipe.yaml(parts: engine.parts)]
        facts += try recipe.recipe.corpus.reader().stamps.map { "\($0.path) \($0.size) \($0.changed)" }
        if recipe.recipe.build.contains("dense") {
            facts.append(try engine.models.folder(recipe.recipe.dense.model).digest)
        }
        for fact in facts { Array((fact + "\n").utf8).withUnsafeBufferPointer { hash.update($0) } }
        digest = String(hash.digest().prefix(12))
    }

    private static var folder: String { TrawlHome.path + "/benchmarks" }

    private var path: String { "\(Self.folder)/\(name)-\(digest).trawl" }

    /// What the systems search.
    private static func methods(_ file: BenchmarkFile, _ parts: IndexParts) throws -> [String] {
        var methods: Set<String> = []
        for system in file.systems where system.run == nil {
            let settings = try file.recipe.settings.applying(yaml: system.settings, parts: parts)
            switch settings.mode {
            case .some(let mode) where mode != .hybrid: methods.insert(mode.rawValue)
            default:
                let weights = settings.fusion.weights
                methods.formUnion(
                    parts.all.filter { part in
                        part.buildName.map { (weights?[$0] ?? (weights == nil ? part.fusionWeight : 0)) > 0 } ?? false
                    }.compactMap(\.buildName))
            }
        }
        // Runs that are reranked need the texts alone, and an index has one method at least.
        return methods.isEmpty ? ["lexical"] : parts.all.compactMap(\.buildName).filter(methods.contains)
    }

    /// Opens the index, and builds it when it is not there.
    func open(_ engine: Engine, progress: any ProgressReporter) throws -> SearchIndex {
        if FileManager.default.fileExists(atPath: path + "/data.mdb"), let index = try? engine.open(path) {
            return index
        }
        try OutputFolder.make(Self.folder)
        try engine.build(recipe, at: path, progress: progress)
        removeOthers()
        return try engine.open(path)
    }

    /// Removes what was built for earlier recipes or files of this benchmark.
    private func removeOthers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
        let stem = name + "-"
        for other in names where other.hasPrefix(stem) && other.count == stem.count + 12 + ".trawl".count {
            let otherPath = Self.folder + "/" + other
            if otherPath != path { try? SearchIndex.remove(path: otherPath) }
        }
    }
}
