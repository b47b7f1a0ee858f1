import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTraining

/// The passages that a first stage found for the judged queries of an index, as tokens.
struct CandidatePool {
    /// What training and scoring need of one query.
    struct Entry {
        let query: Query
        let tokens: [TokenID]
        let candidates: [JudgedRanking.Candidate]
        /// The document of each candidate.
        let documents: [DocumentID]
        /// Whether a relevant document was found.
        let isFound: Bool
    }

    /// How texts become tokens.
    struct Encoding {
        let query, passage: (String) throws -> [TokenID]
    }

    /// The tokens of each passage, and which passage it is.
    let passages: [[TokenID]]
    let identifiers: [PassageID]
    /// The number of the document of each passage.
    let documents: [Int]
    let entries: [Entry]

    /// Searches with all queries.
    ///
    /// - Parameters:
    ///   - session: The first stage, whose limit is the depth of the pool.
    ///   - encoding: That of the model that is trained.
    ///   - teacher: Scores that the model shall learn, by query and document; passages that it does not score are left out. nil
    ///     for those of the first stage.
    init(
        _ judged: JudgedQueries, in index: SearchIndex, _ session: SearchSession, encoding: Encoding, teacher: Run?,
        progress: any ProgressReporter, cancellation: Cancellation
    ) throws {
        var passages: [[TokenID]] = []
        var identifiers: [PassageID] = []
        var owners: [Int] = []
        var numbers: [PassageID: Int] = [:]
        var ownerNumbers: [DocumentID: Int] = [:]
        func number(_ passage: PassageID, _ document: DocumentID) throws -> Int {
            if let number = numbers[passage] { return number }
            passages.append(try encoding.passage(try index.documents.passage(passage).content))
            identifiers.append(passage)
            let owner = ownerNumbers[document, default: ownerNumbers.count]
            ownerNumbers[document] = owner
            owners.append(owner)
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
                var candidates: [JudgedRanking.Candidate] = []
                var documents: [DocumentID] = []
                func add(_ passage: PassageID, _ document: DocumentID, _ score: Float) throws {
                    guard let taught = scores.map({ $0[document] }) ?? score else { return }
                    candidates.append(
                        .init(
                            passage: try number(passage, document), score: score, teacher: taught,
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
                        query: query, tokens: try encoding.query(query.text),
                        candidates: candidates, documents: documents, isFound: isFound))
            }
            progress.advance(batch.count)
        }
        (self.passages, self.identifiers, documents) = (passages, identifiers, owners)
        self.entries = entries
    }

    /// The queries to train on.
    var collection: JudgedCollection {
        JudgedCollection(
            passages: passages, documents: documents,
            queries: entries.map { JudgedRanking(tokens: $0.tokens, ranking: $0.candidates) })
    }
}
