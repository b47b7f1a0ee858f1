import TrawlCore
import TrawlEngine
import TrawlStore

// A part and a reranker as somebody else would write them: through the public interface, registered in one line.

/// The length of each passage in bytes: a retrieval method that finds long passages first.
struct PassageLengths: IndexPart {
    let name = "lengths"
    let buildName: String? = "longest"
    let storage: ClosedRange<UInt16> = 100...101
    let recipeSection: (any RecipeSection.Type)? = LengthRecipe.self
    let settingsSection: (any RecipeSection.Type)? = LengthSettings.self

    private static let lengths = BlobKind(number: 100, "passage lengths")
    /// What was deleted, by the number of live bytes that are left.
    private static let left = BlobKind(number: 101, "live passages")

    func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder {
        Builder(unit: recipe.sections[LengthRecipe.self].unit)
    }

    private struct Builder: PartBuilder {
        let unit: Int
        var fingerprint: Fingerprint? { Fingerprint(key: "lengths", title: "unit of lengths", digest: "\(unit)") }

        func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {
            let blob = writer.blob(PassageLengths.lengths, recordSize: 4)
            try draft.forEachPassage { try blob.append(UInt32($0.utf8.count / unit)) }
            try blob.finish()
        }
    }

    func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        let merged = writer.blob(Self.lengths, recordSize: 4)
        for slice in slices {
            let blob = try slice.reader.blob(Self.lengths, recordSize: 4)
            for passage in slice.passages.joined() { try merged.append(blob.load(Int(passage), as: UInt32.self)) }
        }
        try merged.finish()
    }

    func delete(_ dead: BitSet, from segment: SegmentReader, into writer: SegmentWriter) throws {
        let blob = writer.blob(Self.left, recordSize: 4)
        try blob.append(segment.info.passageCount - UInt32(dead.count))
        try blob.finish()
    }

    func open(_ index: SearchIndex) throws -> [ScoredPassage] {
        try index.snapshot.segments.flatMap { segment in
            let blob = try segment.blob(Self.lengths, recordSize: 4)
            return try segment.livePassages().joined().map { passage in
                ScoredPassage(
                    PassageID(segment.passageBase + passage), Float(blob.load(Int(passage), as: UInt32.self)))
            }
        }
    }

    func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? {
        let lengths = try index.open(self)
        let unit = index.recipe.sections[LengthRecipe.self].unit
        for length in lengths {
            let content = try index.documents.passage(length.passage).content
            guard Float(content.utf8.count / unit) == length.score else {
                throw TrawlError(.corrupted, "passage \(length.passage.rawValue) has another length")
            }
        }
        return "\(lengths.count) lengths"
    }

    func checkDeletions(_ segment: SegmentReader) throws {
        guard let reader = segment.deletionReader else { return }
        let left = try reader.blob(Self.left, recordSize: 4).load(0, as: UInt32.self)
        guard Int(left) == segment.info.livePassageCount else {
            throw TrawlError(.corrupted, "\(left) passages are left, not \(segment.info.livePassageCount)")
        }
    }

    func summary(_ index: SearchIndex) throws -> String? { "\(try index.open(self).count) lengths" }

    func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? {
        let sign: Float = context.settings.sections[LengthSettings.self].shortestFirst ? -1 : 1
        return context.filtered(
            LengthRetriever(lengths: try context.index.open(self).map { ScoredPassage($0.passage, sign * $0.score) }))
    }

    private struct LengthRetriever: Retriever {
        let name = "longest"
        let lengths: [ScoredPassage]

        func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
            queries.map { _ in
                Retrieved(ranking: Ranking(lengths).top(limit)) { _, passage in
                    [
                        Match(
                            stage: name, text: passage.content, count: 1,
                            contribution: Float(passage.content.utf8.count),
                            ranges: [0..<passage.text.utf8.count])
                    ]
                }
            }
        }
    }
}

struct LengthRecipe: RecipeSection {
    static let sectionName = "lengths"
    static let entryNames = ["unit"]
    var unit = 1

    init() {}

    enum CodingKeys: String, CodingKey { case unit }

    init(from decoder: any Decoder) throws {
        unit = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .unit) ?? 1
    }
}

struct LengthSettings: RecipeSection {
    static let sectionName = "lengths"
    static let entryNames = ["shortestFirst"]
    var shortestFirst = false

    init() {}

    enum CodingKeys: String, CodingKey { case shortestFirst }

    init(from decoder: any Decoder) throws {
        shortestFirst =
            try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Bool.self, forKey: .shortestFirst) ?? false
    }
}

/// Puts documents in the order of their ids.
struct ByName: RerankerKind {
    let name = "by-name"

    func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker { Names() }

    private struct Names: Reranker {
        func rerank(_ ranking: Ranking, query: String, documents: any SearchedDocuments) throws -> Reranked {
            let names = try ranking.map { ($0.passage, try documents.passage($0.passage).document) }
            let sorted = names.sorted { $0.1 < $1.1 }
            return Reranked(Ranking(sorted.enumerated().map { ScoredPassage($1.0, -Float($0)) }))
        }
    }
}
