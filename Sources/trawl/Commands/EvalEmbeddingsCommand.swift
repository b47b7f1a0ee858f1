public import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
public import TrawlWorkbench

struct EvalEmbeddingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embeddings",
        abstract: "Evaluate an embedding model, or given vectors, on tasks of MTEB.",
        discussion: """
            Protocols and measures are those of mteb for MTEB(eng, v2):
              sts             score, sentence1, sentence2: correlation of similarities with scores
              classification  text, label: logistic regression on a few examples of each label; TRAIN and TEST files
              clustering      text, label: V-measure of mini-batch k-means; labels may be lists, from wide to narrow
              pairs           sentence1, sentence2, label (0 or 1): average precision, best F1, best accuracy
              reranking       query, positive, negative (texts or lists of texts): MAP and MRR
            Files are JSON lines with these fields, or TSV or CSV that begins with their names; plain, .gz or .zst.

            EXAMPLES
              trawl eval embeddings sts stsb/test.tsv --model all-MiniLM-L6-v2
              trawl eval embeddings classification banking77/train.tsv banking77/test.tsv
              trawl eval embeddings clustering newsgroups.jsonl --instruction "Identify the topic" --model e5-instruct
              trawl eval embeddings reranking askubuntu.jsonl --json
              trawl eval embeddings sts stsb/test.tsv --vectors stsb-test.npy
            """)

    @Argument(help: "The type of the task.") var task: EmbeddingTask
    @Argument(help: "The files; of classification, the training examples before each test.") var files: [String]

    @Option(
        help: ArgumentHelp(
            "The embedding model: a name or a path. (default: \(ModelCatalogue.defaultEmbedder))", valueName: "model"))
    var model: String?
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "NumPy .npy files with the vectors of the texts of each file, in place of a model: first sentences before "
                + "second ones, a query before its positives and negatives.", valueName: "file"))
    var vectors: [String] = []
    @Option(help: ArgumentHelp("The name of one of the model's own prompts.", valueName: "name"))
    var promptName: String?
    @Option(
        help: ArgumentHelp(
            "The task of the texts, for models that were trained with instructions.", valueName: "text"))
    var instruction: String?
    @Option(help: "Arithmetic of the model; int8 is faster and slightly less accurate. (default: f32)")
    var precision: Precision?
    @Option(
        help: ArgumentHelp(
            "How many training examples of each label an experiment of classification has. (default: 8)",
            valueName: "n"))
    var samplesPerLabel: Int?
    @Option(
        help: ArgumentHelp(
            "How often classification and clustering are done, with other examples each time. (default: 10)",
            valueName: "n"))
    var experiments: Int?
    @Option(
        help: ArgumentHelp("How many texts of each file to cluster, drawn at random. (default: all)", valueName: "n"))
    var sample: Int?
    @Option(
        help: ArgumentHelp("The seed of what classification and clustering draw. (default: 42)", valueName: "n"))
    var seed: UInt32?
    @Flag(help: "Print one JSON object per file.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if task == .classification, files.count % 2 != 0 {
            throw ValidationError("classification takes files in pairs: training examples, then test")
        }
        if !vectors.isEmpty, vectors.count != files.count {
            throw ValidationError("--vectors takes a file for each of the \(files.count) files, not \(vectors.count)")
        }
        for (name, value) in [
            ("--samples-per-label", samplesPerLabel), ("--experiments", experiments), ("--sample", sample),
        ] {
            if let value, value < 1 { throw ValidationError("\(name) must be at least 1") }
        }
        try StandardInput.requireOneReader(
            files.map { ("FILE", $0) } + vectors.map { ("--vectors", $0) })
    }

    func run() async throws {
        var evaluation = EmbeddingTaskEvaluation(
            task, files: files, model: model ?? ModelCatalogue.defaultEmbedder)
        evaluation.vectors = vectors
        evaluation.promptName = promptName
        evaluation.instruction = instruction
        if let precision { evaluation.precision = precision }
        if let samplesPerLabel { evaluation.examplesPerLabel = samplesPerLabel }
        if let experiments { evaluation.experiments = experiments }
        evaluation.sample = sample
        if let seed { evaluation.seed = seed }
        let rows = try evaluation.run(Engine(), progress: progress.reporter)
        if json {
            for row in rows { try Output.json(row) }
            return
        }
        let columns = EmbeddingTaskEvaluation.columns(of: task)
        let table = Report.markdown(
            rows.map { row in (row.file, columns.map { row.scores[$0.score] }) },
            measures: columns.map(\.title))
        Output.write(Array(table.visible.utf8))
    }
}

extension EmbeddingTask: ExpressibleByArgument {}
