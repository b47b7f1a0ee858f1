import TrawlWorkbench

// Which flags of each command matter beside which others. What depends on the retrieval methods of a search is in SearchFlags.

/// What `query` and `eval` share.
let tuningRules = [
    FlagRule("--rerank-depth", "--rerank-weight", needs: ["--rerank", "--reranker"]),
    FlagRule(
        "--rerank-depth", excludedBy: [RerankFlags.stages, RerankFlags.depths],
        remedy: "give depths in the chain, such as cross:100,likelihood:20"),
    FlagRule(
        "--rerank-weight", excludedBy: [RerankFlags.stages, RerankFlags.weights],
        remedy: "give weights in the chain, such as cross:100@0.5"),
    FlagRule("--no-rerank", excludedBy: ["--rerank", "--reranker"]),
    FlagRule("--reranker", excludedBy: [RerankFlags.chain], remedy: "name the model in the chain, such as cross=MODEL"),
    FlagRule("--ef-search", "--probes", "--candidates", excludedBy: ["--exact"]),
    FlagRule("--query-prompt", excludedBy: ["--instruction", "--examples"]),
]

/// What says how to search, and nothing of how to rerank.
let searchFlags = [
    "--mode", "--generator", "--alpha", "--seal-weights", "--query-ngrams", "--beams", "--soft-constraint", "--scoring",
    "--instruction", "--examples", "--query-prompt", "--exact", "--ef-search", "--probes", "--candidates", "--feedback",
    "--feedback-weight", "--no-adapter", "--k1", "--b", "--syntax", "--fusion", "--weights", "--blocks", "--where",
]

extension QueryCommand: RuledCommand {
    static let flagRules =
        tuningRules + [
            FlagRule("--queries", excludedBy: ["TEXT"], remedy: "give either one query or a file"),
            FlagRule("--exclude-self", "--topic-fields", excludedBy: ["TEXT"], remedy: "give a file with --queries"),
            FlagRule("--depth", needs: ["--run"]),
            FlagRule("--passages", excludedBy: ["--run"], remedy: "a run lists documents"),
            FlagRule(
                "--limit", excludedBy: ["--run"], unless: ["--json"],
                remedy: "--depth sets how many documents a run lists"),
            FlagRule("--explain", excludedBy: ["--run"], unless: ["--json"], remedy: "add --json to print hits too"),
        ]

    var givenArguments: Set<String> { Set(text == nil ? [] : ["TEXT"]).union(tuning.reranking.given) }
}

extension EvalRetrievalCommand: RuledCommand {
    static let flagRules =
        tuningRules + [
            FlagRule("--benchmark", excludedBy: ["INDEX"]),
            FlagRule(
                "--run", excludedBy: ["INDEX"], unless: ["--rerank", "--reranker"],
                remedy: "a run needs no index, unless --rerank reranks it"),
            FlagRule(
                searchFlags + ["--depth", "--sweep", "--no-rerank"], excludedBy: ["--run"],
                remedy: "a run has been searched already"),
            FlagRule("--run", excludedBy: ["--benchmark"]),
            FlagRule("--data", "--results", needs: ["--benchmark"]),
            FlagRule("--qrels", "--measures", "--exclude-self", needs: ["INDEX", "--run"]),
            FlagRule("--timed-queries", needs: ["INDEX", "--benchmark"]),
            FlagRule("-q", needs: ["INDEX", "--run"]),
            FlagRule("-q", "--write-run", excludedBy: ["--sweep"]),
            FlagRule(
                searchFlags + [
                    "--depth", "--sweep", "--queries", "--topic-fields", "--first-queries", "--write-run", "--settings",
                    "--rerank", "--reranker", "--rerank-depth", "--rerank-weight", "--no-rerank", "--precision",
                ], needs: ["INDEX"]),
        ]

    var givenArguments: Set<String> { Set(index == nil ? [] : ["INDEX"]).union(tuning.reranking.given) }
}

extension EvalTuneCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--test-queries", needs: ["--test-qrels"]),
        FlagRule("--folds", excludedBy: ["--test-qrels"], remedy: "the test queries judge the choice"),
        FlagRule("--force", needs: ["--save"]),
    ]
}

extension EvalCompareCommand: RuledCommand {
    static let flagRules = [FlagRule("--topic-fields", needs: ["--queries"])]
}

extension IndexCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--add", excludedBy: ["--replace"], remedy: "--replace adds documents with new ids too"),
        FlagRule("--sync", "--watch", excludedBy: ["--add", "--replace"], remedy: "--sync adds and replaces"),
        FlagRule("--sync", excludedBy: ["--watch"], remedy: "--watch synchronises too"),
        FlagRule("--recipe", "--pseudo-queries", excludedBy: ["--sync", "--watch"]),
        FlagRule(
            "--recipe", "--build", "--language", "--embedder", "--generator", "--precision", "--passage-size",
            "--passage-overlap",
            "--vector-structure", "--codes", "--code-bits", "--vector-format", "--late-model", "--late-bits",
            excludedBy: ["--add", "--replace"],
            remedy: "the index keeps to its recipe"),
    ]
}

extension ListCommand: RuledCommand {
    static let flagRules = [FlagRule("--where", "--limit", needs: ["INDEX"])]

    var givenArguments: Set<String> { index == nil ? [] : ["INDEX"] }
}

extension CountCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--phrases", excludedBy: ["PHRASES"], remedy: "give phrases either as arguments or in a file"),
        FlagRule("--cap", needs: ["--within"]),
    ]

    var givenArguments: Set<String> { phrases.isEmpty ? [] : ["PHRASES"] }
}

extension FindCommand: RuledCommand {
    static let flagRules = [FlagRule("--cap", needs: ["--within"])]
}

extension NextCommand: RuledCommand {
    static let flagRules = [FlagRule("--limit", excludedBy: ["--text"])]
}

extension RemoveCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--all", excludedBy: ["DOCUMENTS", "--ids", "--ignore-missing"], remedy: "it removes the whole index")
    ]

    var givenArguments: Set<String> { documents.isEmpty ? [] : ["DOCUMENTS"] }
}

extension ModelsPullCommand: RuledCommand {
    static let flagRules = [FlagRule("--force", "--quiet", needs: ["NAMES"])]

    var givenArguments: Set<String> { names.isEmpty ? [] : ["NAMES"] }
}

extension EmbedCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--prompt", excludedBy: ["--prompt-name", "--role", "--instruction", "--examples"]),
        FlagRule("--prompt-name", excludedBy: ["--role", "--instruction", "--examples"]),
    ]
}

extension TrainRerankerCommand: RuledCommand {
    private static let convKNRM = "--architecture \(RerankerTraining.Architecture.convKNRM.rawValue)"

    static let flagRules = [
        FlagRule("--encoder-layers", excludedBy: [convKNRM], remedy: "it has no encoder"),
        FlagRule("--curriculum-samples", "--anti-curriculum", needs: ["--curriculum"]),
        FlagRule("--reweight-strength", needs: ["--reweight"]),
        FlagRule("--force", excludedBy: ["--resume"]),
    ]

    var givenArguments: Set<String> { architecture == .convKNRM ? [Self.convKNRM] : [] }
}

extension TrainQueryAdapterCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--rank", "--rounds", "--learning-rate", "--no-memory", excludedBy: ["--no-map"])
    ]
}

extension TrainEmbedderCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--order", excludedBy: ["--pacing"], remedy: "give one order of queries"),
        FlagRule("--order", "--sts", excludedBy: ["--late"], remedy: "it takes one vector per text"),
        FlagRule(
            "--instruction", "--examples-shown", excludedBy: ["--late"],
            remedy: "models of late interaction take neither"),
        FlagRule("--late-dimension", needs: ["--late"]),
        FlagRule("--reweight-strength", needs: ["--reweight"]),
        FlagRule("--force", excludedBy: ["--resume"]),
    ]
}

extension TrainGeneratorCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--queries", needs: ["--qrels"]),
        FlagRule("--qrels", "--hold-out", "--query-share", "--pacing", needs: ["--queries"]),
        FlagRule("--reweight-strength", needs: ["--reweight"]),
        FlagRule(
            "--sampling-start", "--sample-share", "--ranking-weight", needs: ["--queries", "--self-samples"]),
        FlagRule("--replay-share", needs: ["--new-after"]),
        FlagRule("--encoder-interval", needs: ["--encoder-layers"]),
        FlagRule("--force", excludedBy: ["--resume"]),
    ]
}

extension AdaptCommand: RuledCommand {
    static let flagRules = [
        FlagRule("--queries", needs: ["--qrels"]),
        FlagRule("--qrels", needs: ["--queries"]),
        FlagRule("--writer", "--passages", excludedBy: ["--queries"], remedy: "no queries are written"),
        FlagRule("--rerank", needs: ["--queries"]),
        FlagRule("--output", "--minutes", needs: ["--train"]),
    ]
}
