import ArgumentParser

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate indexes, runs and embedding models.",
        discussion: """
            Without the name of a subcommand, arguments and options are those of retrieval, which evaluates an index \
            or a TREC run.

            EXAMPLES
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode lexical,dense,hybrid
              trawl eval --run bm25.trec --qrels qrels.txt --measures "nDCG@10 AP"
              trawl eval compare bm25.trec dense.trec --qrels qrels.txt
              trawl eval tune scifact --queries queries.jsonl --qrels train.tsv --vary lexical.b=0.2,0.4,0.6
              trawl eval embeddings sts stsb/test.tsv --model all-MiniLM-L6-v2
              trawl eval answers questions.jsonl --index squad --mode lexical,dense,hybrid
              trawl eval kilt nq-dev-kilt.jsonl --predictions guess.jsonl
            """,
        subcommands: [
            EvalRetrievalCommand.self, EvalCompareCommand.self, EvalTuneCommand.self, EvalKILTCommand.self,
            EvalAnswersCommand.self, EvalEmbeddingsCommand.self,
        ],
        defaultSubcommand: EvalRetrievalCommand.self)
}
