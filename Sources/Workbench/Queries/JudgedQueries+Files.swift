public import TrawlCore
import TrawlCorpus
public import TrawlEvaluation

extension JudgedQueries {
    /// Reads the queries that have a relevant document which `isKnown`.
    ///
    /// - Parameters:
    ///   - path: JSON lines (BEIR) or TSV.
    ///   - qrelsPath: BEIR TSV or TREC qrels.
    /// - Throws: `TrawlError.invalidInput` when there is none.
    public init(
        queries path: String, qrels qrelsPath: String, where isKnown: (DocumentID) -> Bool = { _ in true }
    ) throws {
        self.init(try QueryReader().read(path), try Qrels(path: qrelsPath), where: isKnown)
        guard count > 0 else {
            throw TrawlError(
                .invalidInput, "no query of \(path) has a relevant document here", path: qrelsPath,
                remedy: "check that queries, judgements and corpus belong together")
        }
    }
}
