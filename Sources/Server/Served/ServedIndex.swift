import Dispatch
import HTTPTypes
import Synchronization
import TrawlCluster
import TrawlCore
import TrawlEngine

/// An index that a server searches, under the name that requests use.
final class ServedIndex: Sendable {
    let name: String
    let path: String
    private let newest: Mutex<any Searchable>
    /// Answers coordinators; nil for a cluster.
    let shard: ShardService?

    init(name: String, path: String, _ index: any Searchable) {
        self.name = name
        self.path = path
        newest = Mutex(index)
        shard = (index as? SearchIndex).map { ShardService($0) }
    }

    /// Follows the commits of others while the index is served, searched or not: LMDB cannot use the pages again that a held
    /// commit can see, and the file would grow with every write.
    fileprivate func followCommits() {
        Task.detached { [weak self] in
            while true {
                try? await Task.sleep(for: .seconds(1))
                guard let self else { return }
                await self.followOnce()
            }
        }
    }

    /// On a thread of its own, as the shards of a cluster may take long to answer.
    private func followOnce() async {
        await withCheckedContinuation { done in
            DispatchQueue.global().async {
                // The next request says what is wrong with an index that cannot be read.
                _ = try? self.follow()
                self.shard?.releaseOldCommits()
                done.resume()
            }
        }
    }

    /// What `body` finds of phrases.
    func phrases<Value>(_ body: (any PhraseSearcher) throws -> Value) throws -> Value {
        try searchable().answering { try body($0.phrases()) }
    }

    /// The document called `id`, or nil.
    func document(_ id: String) throws -> StoredDocument? {
        try searchable().answering { try $0.document(DocumentID(id)) }
    }

    /// The index as its last commit left it, or the cluster as it was a second ago: its shards are asked once a second what they
    /// are, not at every search.
    func searchable() throws -> any Searchable {
        let known = newest.withLock { $0 }
        guard known is SearchIndex else { return known }
        return try follow()
    }

    @discardableResult
    private func follow() throws -> any Searchable {
        let refreshed = try newest.withLock { $0 }.newest()
        newest.withLock { $0 = refreshed }
        return refreshed
    }

    /// The index, for what only an index on this machine can do.
    ///
    /// - Throws: `RequestFault` for a cluster.
    func current() throws -> SearchIndex {
        guard let index = try searchable() as? SearchIndex else {
            throw RequestFault(
                .badRequest, "unsupported", "\(name) is a cluster of shards", remedy: "ask the servers of its shards")
        }
        return index
    }
}

/// The indexes of a server.
struct ServedIndexes: Sendable {
    let all: [ServedIndex]
    private let byName: [String: ServedIndex]

    /// - Throws: `TrawlError` for a path without an index, and for two indexes of one name.
    init(paths: [String], engine: Engine, _ cluster: ClusterAccess) throws {
        all = try paths.map { path in
            let name = Self.name(of: path)
            return ServedIndex(name: name, path: path, try cluster.open(path, name: name, engine: engine))
        }
        var byName: [String: ServedIndex] = [:]
        for index in all {
            if let other = byName[index.name] {
                throw TrawlError(
                    .invalidInput, "two indexes are called \(index.name): \(other.path) and \(index.path)",
                    remedy: "rename one, or serve them apart")
            }
            byName[index.name] = index
        }
        self.byName = byName
        for index in all { index.followCommits() }
    }

    /// The last part of a path, without `.trawl` or `.shards.json`.
    private static func name(of path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".trawl", ClusterAccess.fileEnding] where last.hasSuffix(ending) {
            return String(last.dropLast(ending.count))
        }
        return last
    }

    /// The index called `name`; the only one where it is nil.
    ///
    /// - Throws: `RequestFault`.
    func named(_ name: String?, at parameter: String?) throws -> ServedIndex {
        let names = all.map(\.name).joined(separator: ", ")
        guard let name else {
            if all.count == 1 { return all[0] }
            throw RequestFault.invalid(
                all.isEmpty ? "no index is served" : "index is missing", at: parameter,
                remedy: all.isEmpty ? "start the server with an index" : "name one of \(names)")
        }
        if let found = byName[name] { return found }
        var fault = RequestFault.notFound(
            "no index \"\(name)\" is served", remedy: all.isEmpty ? nil : "there are \(names)")
        fault.parameter = parameter
        throw fault
    }
}
