import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlEngine
import TrawlEvaluation

/// Where a sweep takes examples from: judged queries with the passages that answer them.
public struct JudgedExamples: Decodable, Sendable {
    /// The files of queries and of judgements.
    public let queries, qrels: String
    /// The most examples that are tried.
    public let count: Int

    enum CodingKeys: String, CodingKey, CaseIterable { case queries, qrels, count }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        queries = try values.decode(String.self, forKey: .queries)
        qrels = try values.decode(String.self, forKey: .qrels)
        count = try values.decode(.count, default: 12)
        guard count > 0 else { throw TrawlError(.invalidInput, "the count of judged examples must be at least 1") }
    }

    /// The most pairs to choose from, and the words of a passage that an example shows.
    private static let (pool, words) = (300, 80)

    /// Examples that stand for many of the judged queries. Only pairs whose passage's document dense search finds among the ten best
    /// are clean enough to be shown, and none of the queries `excluded`.
    ///
    /// - Throws: `TrawlError.invalidInput` when there are none.
    func examples(
        _ index: SearchIndex, _ engine: Engine, _ settings: SearchSettings, excluding excluded: Set<String>,
        embed: ([String]) throws -> EmbeddingMatrix
    ) throws -> [InstructionExample] {
        let judged = try JudgedIndex(index, queries: queries, qrels: qrels).queries.spread(Self.pool)
        var settings = settings
        (settings.mode, settings.limit) = (.dense, 10)
        let rankings = try engine.session(index, settings).rankDocuments(judged.queries)
        var pairs: [InstructionExample] = []
        for (query, (entry, ranking)) in zip(judged.queries, zip(judged.entries, rankings))
        where !excluded.contains(query.text) {
            guard let found = ranking.documents.first(where: { entry.relevant.contains($0.document) })?.document,
                let passage = try index.documents.passages(of: found).first
            else { continue }
            let text = try index.documents.passage(passage).text.split(whereSeparator: \.isWhitespace)
            pairs.append(
                InstructionExample(query: query.text, passage: text.prefix(Self.words).joined(separator: " ")))
        }
        guard !pairs.isEmpty else {
            throw TrawlError(
                .invalidInput, "dense search finds the answer of no judged query, so that none can be an example",
                path: qrels, remedy: "check that queries, judgements and index belong together")
        }
        return ExampleSelection.choose(count, from: try embed(pairs.map(\.query)).normalised()).map { pairs[$0] }
    }
}
