import Foundation
import Synchronization
import TrawlCore
import TrawlEmbeddings
import TrawlLexicalIndex
import TrawlModels
import TrawlStore
import TrawlSubstringIndex
import TrawlTokenizers
import TrawlVectorIndex

/// An open index: one snapshot of its documents and of whatever was built over them. Nothing is loaded before it is
/// asked for, and what is asked for is read in place.
public final class SearchIndex: Sendable {
    static let recipeName = "recipe"
    static let fingerprintsName = "fingerprints"

    public let path: String
    public let recipe: Recipe
    public let documents: StoredDocuments
    let snapshot: Snapshot
    let fingerprints: Fingerprints
    private let store: Store

    /// Opens the index in the folder `path`.
    ///
    /// - Throws: `TrawlError` when there is no index, or one of another format, or a damaged one.
    public init(path: String) throws {
        self.path = path
        store = try Store.open(at: path)
        snapshot = try store.snapshot()
        recipe = try Self.recipe(of: snapshot)
        fingerprints = try snapshot.metadata(Self.fingerprintsName, as: Fingerprints.self) ?? Fingerprints()
        documents = try StoredDocuments(snapshot)
    }

    /// The recipe that made the index.
    static func recipe(of snapshot: Snapshot) throws -> Recipe {
        guard let text = try snapshot.metadata(recipeName) else {
            throw TrawlError(
                .corrupted, "the index has lost its recipe", path: snapshot.path, remedy: "build the index again")
        }
        do {
            return try Recipe(yaml: String(decoding: text, as: UTF8.self))
        } catch let error as TrawlError {
            throw TrawlError(
                .incompatible, "the index has a recipe that this Trawl cannot read", path: snapshot.path,
                remedy: "build the index again", cause: error)
        }
    }

    public var summary: IndexSummary {
        IndexSummary(
            path: path, documents: documents.documentCount, passages: documents.passageCount,
            deletedDocuments: documents.deletedDocumentCount, deletedPassages: documents.deletedPassageCount,
            segments: documents.segments.count, bytesOnDisk: store.sizeOnDisk,
            components: recipe.build.map(\.rawValue))
    }

    /// The bytes that each kind of blob takes, over all segments.
    public func sizes() throws -> [(name: String, bytes: Int)] {
        var sizes: [UInt16: Int] = [:]
        for segment in snapshot.segments {
            for reader in [segment] + (segment.deletionReader.map { [$0] } ?? []) {
                for (kind, bytes) in try reader.blobSizes() { sizes[kind, default: 0] += bytes }
            }
        }
        // Each owner of blobs has a range of numbers; see `Table`.
        let owners: [(String, ClosedRange<UInt16>)] = [
            ("documents", 1...9), ("lexical", 10...19), ("substring", 20...29), ("vectors", 30...39),
            ("deletions", 40...49),
        ]
        return owners.compactMap { name, range in
            let bytes = sizes.filter { range.contains($0.key) }.reduce(0) { $0 + $1.value }
            return bytes > 0 ? (name, bytes) : nil
        }
    }

    /// How the vectors are stored and found, in words; nil when there are none.
    public func vectorSummary() throws -> String? {
        guard recipe.build.contains(.dense) else { return nil }
        let searcher = try VectorSearcher(snapshot.segments)
        let kinds = zip(searcher.formats, searcher.structures).map { "\($0), \($1)" }
        let unlike = Set(kinds).sorted().map { kind in
            kinds.count > 1 ? "\(kind) (\(kinds.count { $0 == kind }) of \(kinds.count) segments)" : kind
        }
        return (["\(searcher.dimension) dimensions", "\(searcher.metric)"] + unlike).joined(separator: "; ")
    }

    /// Removes the index in the folder `path`: the files that Trawl made, and the folder when nothing else is in it.
    ///
    /// - Throws: `TrawlError.busy` while a writer is at work.
    public static func remove(path: String) throws {
        try Store.remove(at: path)
    }

    /// - Throws: `TrawlError.invalidInput` when the recipe did not build `component`.
    func require(_ component: IndexComponent) throws {
        guard recipe.build.contains(component) else {
            throw TrawlError(
                .invalidInput,
                "the index has no \(component.rawValue) part, only \(recipe.build.map(\.rawValue).joined(separator: ", "))",
                path: path, remedy: "build it again with --build \(component.rawValue)")
        }
    }

    /// - Throws: `TrawlError.incompatible` when the models here are not those that the index was built with.
    func requireSame(_ found: Fingerprints) throws {
        try fingerprints.requireSame(found, path: path)
    }

    func substringIndex() throws -> SubstringIndex {
        try require(.generative)
        return try SubstringIndex(snapshot)
    }

    /// The tokenizer of the substring index, from the generator's files.
    func generativeTokenizer() throws -> Tokenizer {
        try tokenizer(of: try generatorModel())
    }
}
