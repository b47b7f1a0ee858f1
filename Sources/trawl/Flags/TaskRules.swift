// The rules of the commands that evaluate tasks other than retrieval.

import TrawlWorkbench

/// What only searches of an index take.
private let indexFlags =
    searchFlags + [
        "--rerank", "--reranker", "--rerank-depth", "--rerank-weight", "--no-rerank", "--precision", "--settings",
    ]

extension EvalKILTCommand: RuledCommand {
    static let flagRules =
        tuningRules + [
            FlagRule(indexFlags, needs: ["--index"]),
            FlagRule("--rank-keys", needs: ["--predictions"]),
            FlagRule("--rank-keys", excludedBy: ["--run", "--index"], remedy: "their documents are pages"),
        ]

    var givenArguments: Set<String> { index.given }
}

extension EvalAnswersCommand: RuledCommand {
    static let flagRules =
        tuningRules + [
            FlagRule(
                indexFlags + ["--passages"], excludedBy: ["--run"], remedy: "--index has the texts of the run")
        ]

    var givenArguments: Set<String> { search.given }
}

extension EvalEmbeddingsCommand: RuledCommand {
    static let flagRules = [
        FlagRule(
            "--model", "--prompt-name", "--instruction", "--precision", excludedBy: ["--vectors"],
            remedy: "give either a model or vectors"),
        FlagRule("--prompt-name", excludedBy: ["--instruction"]),
        FlagRule("--samples-per-label", needs: ["classification"]),
        FlagRule("--experiments", "--seed", needs: ["classification", "clustering"]),
        FlagRule("--sample", needs: ["clustering"]),
    ]

    var givenArguments: Set<String> { [task.rawValue] }
}

extension ClassifyTrainCommand: RuledCommand {
    static let flagRules = [
        FlagRule(
            "--model", "--prompt", "--instruction", "--descriptions", "--write-examples", excludedBy: ["--vectors"],
            remedy: "give either a model or vectors"),
        FlagRule("--prompt", excludedBy: ["--instruction"]),
        FlagRule("--label", "--text", "--vectors", "--write-examples", needs: ["SOURCE"]),
        FlagRule("--writer", "--precision", needs: ["--write-examples"]),
    ]

    var givenArguments: Set<String> { source == nil ? [] : ["SOURCE"] }
}
