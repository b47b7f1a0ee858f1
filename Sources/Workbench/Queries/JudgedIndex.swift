public import TrawlEngine
public import TrawlEvaluation

/// An index with the queries that are judged on it.
public struct JudgedIndex {
    public let index: SearchIndex
    public let queries: JudgedQueries

    public init(_ index: SearchIndex, _ queries: JudgedQueries) {
        (self.index, self.queries) = (index, queries)
    }
}
