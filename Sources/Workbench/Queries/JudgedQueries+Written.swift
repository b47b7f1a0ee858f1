import TrawlCore
public import TrawlEvaluation

extension JudgedQueries {
    /// Written queries, equal texts as one that several documents answer.
    public init(written: [WrittenQuery]) {
        var ids: [String: String] = [:]
        var queries: [Query] = []
        var qrels = Qrels()
        for entry in written {
            if ids[entry.text] == nil { queries.append(Query(id: entry.id, text: entry.text)) }
            let id = ids[entry.text, default: entry.id]
            ids[entry.text] = id
            // One grade for all: judgements cannot contradict each other.
            try? qrels.judge(query: id, entry.document, grade: 1)
        }
        self.init(queries, qrels)
    }
}
