import TrawlEngine
import TrawlEvaluation

extension Run {
    /// The run that `rankings` are.
    init(_ rankings: [DocumentRanking]) throws {
        self.init()
        for ranking in rankings {
            try add(
                query: ranking.query,
                ranking.documents.map { Entry($0.document, Double($0.score)) })
        }
    }
}
