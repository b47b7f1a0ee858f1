import ArgumentParser

struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trawl",
        abstract: "A search engine with three retrieval methods: generative, dense and lexical.",
        discussion: """
            EXAMPLES
              trawl index notes/ --output notes.trawl        index a folder of texts
              trawl query notes.trawl "why is the sky blue"  search it
              trawl count notes.trawl "blue sky"             count a phrase
              trawl eval notes.trawl --queries q.jsonl --qrels qrels.tsv --mode dense

            Data go to standard output, everything else to standard error. Exit codes: 0 hits, 1 none, 2 error, 64 \
            usage. An index is named by its path, or by the name of a recipe in indexes/.

            Files may be plain, .gz or .zst, pipes, or - for standard input and output. Results such as runs and \
            embeddings replace the file that they are written to; trained models, written queries and fitted weights \
            are replaced only with --force. A flag that would have no effect is an error.

            ENVIRONMENT
              TRAWL_HOME  the folder of models, corpora and indexes (default: ~/.cache/trawl)
              TRAWL_ISA   portable, blas or avx2: the kernels of the models (default: the fastest)
              NO_COLOR    if it is not empty, --color auto prints no colours

            'trawl --generate-completion-script bash' (or zsh, fish) prints shell completions.
            """,
        version: "0.1.0",
        subcommands: [
            IndexCommand.self, QueryCommand.self, GenerateCommand.self, EvalCommand.self, EmbedCommand.self,
            CountCommand.self,
            FindCommand.self, NextCommand.self, SensesCommand.self, ListCommand.self, ShowCommand.self,
            ExportCommand.self,
            RemoveCommand.self,
            CompactCommand.self,
            CheckCommand.self, ShardsCommand.self, TrainCommand.self, AdaptCommand.self, ClassifyCommand.self,
            ModelsCommand.self,
            ServeCommand.self,
            MCPCommand.self,
        ])
}
