import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTokenizers
import TrawlTraining

/// The passages that a first stage found for the judged queries of an index, as tokens.
struct RerankPool {
    /// What training and scoring need of one query.
    struct Entry {
        let query: Query
        let tokens: [TokenID]
        let candidates: [RerankExamples.Candidate]
        /// The document of each candidate.
        let documents: [DocumentID]
        /// Whether a relevant document was found.
        let isFound: Bool
    }

    let passages: [[TokenID]]
    let entries: [Entry]

    /// Searches with all queries.
    ///
    /// - Parameters:
    ///   - session: The first stage, whose limit is the depth of the pool.
    ///   - tokenizer: That of the reranker.
    ///   - teacher: Scores that the reranker shall learn, by query and document; passages that it does not score are left out.
    init(
        _ judged: JudgedQueries, in index: SearchIndex, _ session: SearchSession, tokenizer: Tokenizer, teacher: Run?,
        progress: any ProgressReporter, cancellation: Cancellation
    ) throws {
        var passages: [[TokenID]] = []
        var numbers: [PassageID: Int] = [:]
        func number(_ passage: PassageID) throws -> Int {
            if let number = numbers[passage] { return number }
            let text = try index.documents.passage(passage).content
            passages.append(tokenizer.encodeIDs(text, addSpecialTokens: false))
            numbers[passage] = passages.count - 1
            return passages.count - 1
        }
        var entries: [Entry] = []
        let relevant = judged.entries.map(\.relevant)
        for start in stride(from: 0, to: judged.count, by: SearchSession.batchSize) {
            if cancellation.isCancelled { throw CancellationError() }
            let batch = Array(judged.queries[start..<min(start + SearchSession.batchSize, judged.count)])
            for (offset, ranking) in try session.rankPassages(batch).enumerated() {
                let (query, relevant) = (batch[offset], relevant[start + offset])
                let scores = teacher.map { run in
                    Dictionary((run[query.id] ?? []).map { ($0.document, Float($0.score)) }) { first, _ in first }
                }
                var candidates: [RerankExamples.Candidate] = []
                var documents: [DocumentID] = []
                func add(_ passage: PassageID, _ document: DocumentID, _ score: Float) throws {
                    guard let taught = scores.map({ $0[document] }) ?? 0 else { return }
                    candidates.append(
                        .init(
                            passage: try number(passage), score: score, teacher: taught,
                            isRelevant: relevant.contains(document)))
                    documents.append(document)
                }
                for entry in ranking {
                    let document = try index.documents.documentID(index.documents.documentNumber(of: entry.passage))
                    try add(entry.passage, document, entry.score)
                }
                let isFound = candidates.contains(where: \.isRelevant)
                for document in relevant.sorted() where !documents.contains(document) {
                    guard let first = try index.documents.passages(of: document).first else { continue }
                    try add(first, document, -.infinity)
                }
                entries.append(
                    Entry(
                        query: query, tokens: tokenizer.encodeIDs(query.text, addSpecialTokens: false),
                        candidates: candidates, documents: documents, isFound: isFound))
            }
            progress.advance(batch.count)
        }
        (self.passages, self.entries) = (passages, entries)
    }
}
