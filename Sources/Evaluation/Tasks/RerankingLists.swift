public import TrawlCore

/// Queries, each with texts that answer it and texts that do not.
public struct RerankingLists: Sendable {
    public struct List: Sendable {
        public let query: String
        public fileprivate(set) var positives: [String]
        public fileprivate(set) var negatives: [String]

        /// The positives, then the negatives.
        public var candidates: [String] { positives + negatives }
    }

    public private(set) var lists: [List] = []
    /// The queries without a text that answers them, which no ranking can get right and which are left out.
    public private(set) var withoutPositives = 0

    /// Reads JSON lines with the fields `query`, `positive` and `negative`, texts or lists of them, or TSV or CSV with these
    /// columns. Single texts of one query in neighbouring rows make one list.
    ///
    /// - Throws: `TrawlError` that names the file and the line; `invalidInput` when no query has a positive.
    public init(path: String) throws(TrawlError) {
        let file = try TaskFile(
            path: path,
            [
                TaskColumn("query", "anchor"), TaskColumn("positive", "positives", "pos"),
                TaskColumn("negative", "negatives", "neg", isRequired: false),
            ])
        var lastIsSingle = false
        // The texts of the last list, while its rows follow each other.
        var (positivesSeen, negativesSeen): (Set<String>, Set<String>) = ([], [])
        for row in file.rows {
            let query = try file.text(row, 0)
            let positives = try file.texts(row, 1)
            let negatives = row.values[2] == nil ? [] : try file.texts(row, 2)
            let isSingle = !file.isList(row, 1) && !file.isList(row, 2)
            if isSingle, lastIsSingle, lists.last?.query == query {
                let last = lists.count - 1
                lists[last].positives += positives.filter { positivesSeen.insert($0).inserted }
                lists[last].negatives += negatives.filter { negativesSeen.insert($0).inserted }
            } else {
                lists.append(List(query: query, positives: positives, negatives: negatives))
                (positivesSeen, negativesSeen) = (Set(positives), Set(negatives))
            }
            lastIsSingle = isSingle
        }
        let read = lists.count
        lists.removeAll { $0.positives.isEmpty }
        withoutPositives = read - lists.count
        guard !lists.isEmpty else {
            throw TrawlError(
                .invalidInput, "no query has a positive text", path: file.path,
                remedy: "give each query at least one text that answers it")
        }
    }
}
