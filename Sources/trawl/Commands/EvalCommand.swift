import ArgumentParser

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate indexes and runs against relevance judgements (qrels).",
        discussion: """
            Without the name of a subcommand, arguments and options are those of retrieval, which evaluates an index \
            or a TREC run.

            EXAMPLES
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode lexical,dense,hybrid
              trawl eval --run bm25.trec --qrels qrels.txt --measures "nDCG@10 AP"
              trawl eval compare bm25.trec dense.trec --qrels qrels.txt
            """,
        subcommands: [EvalRetrievalCommand.self, EvalCompareCommand.self, EvalTuneCommand.self],
        defaultSubcommand: EvalRetrievalCommand.self)
}
