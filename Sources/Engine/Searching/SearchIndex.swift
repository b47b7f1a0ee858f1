import Synchronization
import TrawlCore
public import TrawlStore

/// An open index: one snapshot of its documents and of whatever was built over them. Nothing is loaded before it is asked
/// for, and what is asked for is read in place. It may be used from many threads at once.
///
/// The snapshot does not change while others write. `refreshed()` gives the newest one.
public final class SearchIndex: Sendable {
    static let recipeName = "recipe"
    static let fingerprintsName = "fingerprints"

    public let path: String
    /// What the index is; fixed when it was built.
    public let recipe: IndexRecipe
    /// How it is searched unless a request says otherwise.
    public let settings: SearchSettings
    public let documents: StoredDocuments
    public let snapshot: Snapshot
    let fingerprints: Fingerprints
    /// Which shard of a corpus the index is; nil for an index of all documents.
    package let shard: ShardRecord?
    /// The parts that an index may have.
    let knownParts: IndexParts
    private let store: Store
    /// What was opened so far, by name.
    private let opened: Mutex<[String: any Sendable]>

    /// Opens the index in the folder `path` as it is now.
    ///
    /// - Throws: `TrawlError` when there is no index, or one of another format, or a damaged one.
    public convenience init(path: String, parts: IndexParts = .default) throws {
        let store = try Store.open(at: path)
        try self.init(path: path, parts: parts, store: store, snapshot: store.snapshot())
    }

    /// - Parameter snapshot: what the index is to consist of, which may be other segments than were committed last.
    init(
        path: String, parts: IndexParts, store: Store, snapshot: Snapshot, opened: [String: any Sendable] = [:]
    ) throws {
        self.path = path
        self.store = store
        self.snapshot = snapshot
        knownParts = parts
        let file = try Self.recipeFile(of: snapshot, parts)
        (recipe, settings) = (file.recipe, file.settings)
        fingerprints = try snapshot.metadata(Self.fingerprintsName, as: Fingerprints.self) ?? [:]
        shard = try ShardRecord.read(snapshot)
        documents = try StoredDocuments(snapshot)
        self.opened = Mutex(opened)
    }

    /// The recipe that made an index, and its default settings.
    static func recipeFile(of snapshot: Snapshot, _ parts: IndexParts) throws -> RecipeFile {
        guard let text = try snapshot.metadata(recipeName) else {
            throw TrawlError(
                .corrupted, "the index has lost its recipe", path: snapshot.path, remedy: "build the index again")
        }
        do {
            return try RecipeFile(yaml: String(decoding: text, as: UTF8.self), parts: parts)
        } catch let error as TrawlError {
            throw TrawlError(
                .incompatible, "the index has a recipe that this Trawl cannot read", path: snapshot.path,
                remedy: "build the index again", cause: error)
        }
    }

    /// The index as its last commit left it: this one when nothing was committed since. Where another index has taken its
    /// place, built again or moved there, it is that one.
    ///
    /// - Throws: `TrawlError.notFound` when the index was removed.
    /// - Complexity: microseconds when nothing was committed; else that of opening, without the tokenizer.
    public func refreshed() throws -> SearchIndex {
        guard store.isAt(path) else { return try SearchIndex(path: path, parts: knownParts) }
        let newest = try store.snapshot()
        guard !newest.isCommit(of: snapshot) else { return self }
        let built = try newest.metadata(Self.fingerprintsName, as: Fingerprints.self) ?? [:]
        let kept = built == fingerprints ? opened.withLock { $0.filter { Self.outlivesCommits.contains($0.key) } } : [:]
        return try SearchIndex(path: path, parts: knownParts, store: store, snapshot: newest, opened: kept)
    }

    /// The same commit with something else opened under a name.
    func with(_ value: some Sendable, opened name: String) throws -> SearchIndex {
        var known = opened.withLock { $0 }
        known[name] = value
        return try SearchIndex(path: path, parts: knownParts, store: store, snapshot: snapshot, opened: known)
    }

    /// What an index with the same fingerprints has too.
    private static let outlivesCommits: Set<String> = ["tokenizer"]

    /// A part of the index, opened once.
    ///
    /// - Throws: `TrawlError.invalidInput` when the recipe did not build it.
    public func open<Part: IndexPart>(_ part: Part) throws -> Part.Opened {
        try require(part)
        return try once(part.name) { try part.open(self) }
    }

    /// What `make` gives, called once for each name (twice, if two threads ask at the same time).
    func once<Value: Sendable>(_ name: String, _ make: () throws -> Value) throws -> Value {
        if let known = opened.withLock({ $0[name] }) as? Value { return known }
        let value = try make()
        opened.withLock { $0[name] = value }
        return value
    }

    /// The parts that the index has.
    public var parts: [any IndexPart] { knownParts.built(by: recipe) }

    /// The modes of search that the index can be asked in.
    public var modes: [SearchMode] { parts.compactMap(\.buildName).map { SearchMode(rawValue: $0) } + [.hybrid] }

    /// At most `count` live passages at equal distances, the same at every call.
    func livePassages(sample count: Int) throws -> [PassageID] {
        let runs = try snapshot.segments.flatMap { segment in
            try segment.livePassages().map { $0.lowerBound + segment.passageBase..<$0.upperBound + segment.passageBase }
        }
        let total = runs.reduce(0) { $0 + $1.count }
        let count = min(count, total)
        var chosen: [PassageID] = []
        var (run, before) = (0, 0)
        for number in 0..<count {
            let wanted = number * total / max(1, count)
            while run < runs.count, wanted - before >= runs[run].count {
                before += runs[run].count
                run += 1
            }
            guard run < runs.count else { break }
            chosen.append(PassageID(runs[run].lowerBound + UInt32(wanted - before)))
        }
        return chosen
    }

    /// Removes the index in the folder `path`: the files that Trawl made, and the folder when nothing else is in it.
    ///
    /// - Throws: `TrawlError.busy` while a writer is at work.
    public static func remove(path: String) throws { try Store.remove(at: path) }

    /// The files that the index was built of; nil where none were noted.
    func corpusFiles() throws -> CorpusFileTable? {
        try snapshot.metadata(CorpusFileTable.metadataName).map { try CorpusFileTable(stored: Array($0), path: path) }
    }
}

extension SearchIndex {
    public var summary: IndexSummary {
        IndexSummary(
            path: path, documents: documents.documentCount, passages: documents.passageCount,
            deletedDocuments: documents.deletedDocumentCount, deletedPassages: documents.deletedPassageCount,
            segments: documents.segments.count, bytesOnDisk: store.sizeOnDisk, components: recipe.build,
            shard: shard?.shard)
    }

    /// The bytes that each part takes, and the deletion sets, over all segments.
    public func sizes() throws -> [(name: String, bytes: Int)] {
        var sizes: [UInt16: Int] = [:]
        for segment in snapshot.segments {
            for reader in [segment] + (segment.deletionReader.map { [$0] } ?? []) {
                for (kind, bytes) in try reader.blobSizes() { sizes[kind, default: 0] += bytes }
            }
        }
        let owners = knownParts.all.map { ($0.name, $0.storage) } + [("deletions", DeletionSet.storage)]
        return owners.compactMap { name, range in
            let bytes = sizes.filter { range.contains($0.key) }.reduce(0) { $0 + $1.value }
            return bytes > 0 ? (name, bytes) : nil
        }
    }

    /// What is worth showing of each part, in words.
    public func partSummaries() throws -> [(name: String, summary: String)] {
        try parts.compactMap { part in try part.summary(self).map { (part.name, $0) } }
    }
}

/// The size of an index, for people and scripts.
public struct IndexSummary: Codable, Sendable {
    public let path: String
    /// Documents and passages that are not deleted.
    public let documents: Int
    public let passages: Int
    /// Documents and passages that are deleted and still take space.
    public let deletedDocuments: Int
    public let deletedPassages: Int
    public let segments: Int
    public let bytesOnDisk: Int
    /// The retrieval methods that were built.
    public let components: [String]
    /// Which shard of a corpus the index is; nil for an index of all documents.
    public let shard: ShardNumber?

    package init(
        path: String, documents: Int, passages: Int, deletedDocuments: Int, deletedPassages: Int, segments: Int,
        bytesOnDisk: Int, components: [String], shard: ShardNumber? = nil
    ) {
        (self.path, self.documents, self.passages) = (path, documents, passages)
        (self.deletedDocuments, self.deletedPassages) = (deletedDocuments, deletedPassages)
        (self.segments, self.bytesOnDisk) = (segments, bytesOnDisk)
        (self.components, self.shard) = (components, shard)
    }

    enum CodingKeys: String, CodingKey {
        case path, documents, passages, segments, components, shard
        case deletedDocuments = "deleted_documents"
        case deletedPassages = "deleted_passages"
        case bytesOnDisk = "bytes_on_disk"
    }
}
