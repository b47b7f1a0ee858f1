import ArgumentParser
import Core
import Corpus
import Embeddings
import Foundation
import Retrieval
import Tensors

struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Embed texts.",
        discussion: """
            Reads lines of text, or JSON lines with a text field, from FILE or standard input, and writes one embedding a
            line: JSON lines, a NumPy .npy file or raw float32.

            EXAMPLES
              trawl embed notes.txt --format npy --output notes.npy
              echo "a question" | trawl embed --prompt-name query
              trawl embed corpus.jsonl --dimensions 128 --output vectors.jsonl
            """)

    @Argument(help: "The texts; - or nothing is standard input.")
    var file: String?

    @Option(help: "jsonl, npy or f32.")
    var format = EmbeddingFormat.jsonl

    @Option(name: [.short, .long], help: "The file to write; standard output without it.")
    var output: String?

    @Option(help: "The embedding model: a name or a path.")
    var model = ModelCatalogue.defaultEmbedder

    @Option(help: "Text put before each text, such as \"query: \".")
    var prompt: String?

    @Option(help: "The name of one of the model's own prompts.")
    var promptName: String?

    @Option(help: "Keep only the first dimensions (Matryoshka models) and normalise again.")
    var dimensions: Int?

    @Option(help: "Arithmetic of the model: f32, or int8, which is faster and a little less exact.")
    var precision = Precision.f32

    @Flag(help: "Scale embeddings to length 1, whatever the model's own files say.")
    var normalize = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if prompt != nil, promptName != nil { throw ValidationError("give either --prompt or --prompt-name") }
        if let dimensions, dimensions < 1 { throw ValidationError("--dimensions must be at least 1") }
    }

    func run() async throws {
        let embedder = try TextEmbedder(
            folder: ModelCatalogue.path(of: model), truncatedTo: dimensions, precision: precision)
        let prompt = try self.prompt ?? promptName.map { try embedder.prompt(named: $0) }
        let texts = try QueryReader().read(file ?? "-")
        var matrix = try embedder.embed(texts.map(\.text), prompt: prompt, progress: progress.reporter)
        if normalize { matrix = matrix.normalised() }
        try EmbeddingWriter(format: format, path: output).write(matrix, ids: texts.map(\.id))
    }
}
