import ArgumentParser
import TrawlEngine
import TrawlEvaluation
import TrawlWorkbench

/// The judged queries of an index, and further judged indexes, as fits over several collections take them.
struct JudgedIndexOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The queries: JSON lines (BEIR) or TSV (id, text).", valueName: "file"))
    var queries: String
    @Option(
        help: ArgumentHelp(
            "The relevance judgements of these queries: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String
    @Option(
        help: ArgumentHelp(
            "Another judged index, as INDEX,QUERIES,QRELS; may be given several times.", valueName: "files"))
    var also: [String] = []

    func validate() throws {
        for text in also where text.split(separator: ",", omittingEmptySubsequences: false).count != 3 {
            throw ValidationError("--also \(text) is not of the form INDEX,QUERIES,QRELS")
        }
        try StandardInput.requireOneReader([("--queries", queries), ("--qrels", qrels)])
    }

    /// `index` with its queries, and the further ones; queries without a relevant document in their index are left out.
    func read(_ index: SearchIndex, _ engine: Engine) throws -> [JudgedIndex] {
        try [JudgedIndex(index, queries: queries, qrels: qrels)]
            + also.map { text in
                let parts = text.split(separator: ",").map(String.init)
                return try JudgedIndex(
                    engine.open(IndexCatalogue.path(of: parts[0])), queries: parts[1], qrels: parts[2])
            }
    }
}
