import Foundation
import TrawlCore

extension ClusterManifest {
    /// The manifest of open indexes, which must be all shards of one corpus, built alike.
    ///
    /// - Parameter replicas: addresses of servers by the number of the shard.
    /// - Throws: `TrawlError` that names the index, and the one that it does not go with: `invalidInput` for one that is not a
    ///   shard, for a shard that is missing or there twice, `incompatible` for other recipes, settings or models.
    /// - Complexity: that of `SearchIndex.digest()`, for each.
    public init(of indexes: [SearchIndex], replicas: [Int: [String]] = [:]) throws {
        guard let first = indexes.first else {
            throw TrawlError(
                .invalidInput, "a manifest has at least one shard", remedy: "name the indexes of all shards")
        }
        let count = try first.shardNumber().count
        var found: [Int: SearchIndex] = [:]
        for index in indexes {
            let shard = try index.shardNumber()
            guard shard.count == count else {
                throw TrawlError(
                    .invalidInput, "this is shard \(shard), and \(first.path) is shard \(try first.shardNumber())",
                    path: index.path, remedy: "name shards of the same division")
            }
            if let other = found.updateValue(index, forKey: shard.number) {
                throw TrawlError(
                    .invalidInput, "this is shard \(shard), and so is \(other.path)", path: index.path,
                    remedy: "name each shard once")
            }
            try index.requireBuilt(like: first)
        }
        let missing = (0..<count).filter { found[$0] == nil }
        guard missing.isEmpty else {
            throw TrawlError(
                .invalidInput,
                "of \(count) shards there \(missing.count == 1 ? "is none with the number" : "are none with the numbers") "
                    + missing.prefix(10).map { "\($0)" }.joined(separator: ", ") + (missing.count > 10 ? ", …" : ""),
                remedy: "name all shards", topic: .shards)
        }
        if let unknown = replicas.keys.filter({ found[$0] == nil }).min() {
            throw TrawlError(
                .invalidInput, "there is no shard \(unknown) for the replica \(replicas[unknown]?[0] ?? "")")
        }
        self.init(
            try found.sorted { $0.key < $1.key }.map { number, index in
                Shard(
                    number: number, path: Self.absolute(index.path), digest: try index.digest(),
                    documents: index.documents.documentCount, passages: index.documents.passageCount,
                    replicas: try (replicas[number] ?? []).map { address in
                        try ReplicaAddress.checked(address) { TrawlError(.invalidInput, "shard \(number): \($0)") }
                    })
            })
    }

    /// `path` from the root, without links on the way to the index; the index may be a link itself.
    private static func absolute(_ path: String) -> String {
        let url = URL(filePath: path).standardized
        return url.deletingLastPathComponent().resolvingSymlinksInPath().appending(path: url.lastPathComponent).path
    }

    /// Compares the indexes with what the manifest says of them.
    ///
    /// - Returns: a result for each shard, in order.
    /// - Complexity: that of `SearchIndex.digest()`, for each.
    public func check(_ engine: Engine) -> [CheckResult] {
        shards.map { shard in
            let name = "shard \(shard.number)"
            do {
                return CheckResult(name: name, passed: true, detail: try check(shard, engine))
            } catch {
                return CheckResult(name: name, passed: false, detail: "\(error)")
            }
        }
    }

    private func check(_ shard: Shard, _ engine: Engine) throws -> String {
        let index = try engine.open(shard.path)
        func differs(_ message: String) -> TrawlError {
            TrawlError(
                .incompatible, message, path: shard.path, remedy: "bring back the index, or make the manifest again",
                topic: .manifest)
        }
        let own = try index.shardNumber()
        guard own.number == shard.number, own.count == shards.count else {
            throw differs("the index is shard \(own), not \(shard.number) of \(shards.count)")
        }
        for (name, held, said) in [
            ("documents", index.documents.documentCount, shard.documents),
            ("passages", index.documents.passageCount, shard.passages),
        ] where held != said {
            throw differs("the index has \(held) \(name), the manifest says \(said)")
        }
        guard try index.digest() == shard.digest else {
            throw differs("the index has changed: its digest is not that of the manifest")
        }
        return "\(shard.documents) documents, \(shard.passages) passages"
    }
}

extension SearchIndex {
    /// - Throws: `TrawlError.invalidInput` when the index is not a shard.
    fileprivate func shardNumber() throws -> ShardNumber {
        guard let shard else {
            throw TrawlError(
                .invalidInput, "the index is not a shard", path: path, remedy: "name shards", topic: .shards)
        }
        return shard.shard
    }

    /// Whether the answers of both indexes go together.
    ///
    /// - Throws: `TrawlError.incompatible` that names both, and what is different.
    fileprivate func requireBuilt(like other: SearchIndex) throws {
        func differs(_ what: String) -> TrawlError {
            TrawlError(
                .incompatible, "\(what) than \(other.path)", path: path,
                remedy: "build all shards by one recipe, with the same models")
        }
        let (own, others) = try (comparableRecipe(), other.comparableRecipe())
        if own != others {
            let lines = zip(own.split(separator: "\n"), others.split(separator: "\n")).first { $0 != $1 }
            let both = lines.map { mine, theirs in
                " ('\(mine.trimmed())' and '\(theirs.trimmed())')"
            }
            throw differs("the shard has another recipe\(both ?? "")")
        }
        for key in Set(fingerprints.keys).union(other.fingerprints.keys).sorted() {
            let (mine, theirs) = (modelDigest(key), other.modelDigest(key))
            if mine != theirs {
                throw differs("the shard was built with another \(key) (\(mine.prefix(12)) and \(theirs.prefix(12)))")
            }
        }
    }

    /// The recipe and the settings, without what may differ between machines.
    package func comparableRecipe() throws -> String {
        var file = RecipeFile(recipe, settings: settings)
        file.recipe.corpus.paths = []
        file.recipe.description = nil
        file.nameModels { ($0 as NSString).lastPathComponent }
        return try file.yaml(parts: knownParts)
    }

    /// The digest of a model, without that of the centroids which each index makes for itself.
    package func modelDigest(_ key: String) -> Substring {
        (fingerprints[key] ?? "none").prefix { $0 != "-" }
    }
}

extension Substring {
    fileprivate func trimmed() -> String { trimmingCharacters(in: .whitespaces) }
}
