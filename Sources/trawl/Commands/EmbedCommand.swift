public import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
public import TrawlEmbeddings
import TrawlEngine
import TrawlTensors

struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Embed texts.",
        discussion: """
            Reads lines of text, or JSON lines with a text field, from FILE (plain, .gz or .zst), a pipe or standard \
            input, and writes one embedding per line: JSON lines, a NumPy .npy file or raw float32. Every line has one, \
            also a blank one: that of the empty text. --output-type makes them smaller, as \
            sentence-transformers' quantize_embeddings does: int8 and uint8 divide the range of each dimension, which \
            --ranges gives or the embeddings themselves have, into 256 steps; binary and ubinary keep the signs, eight \
            to a byte.

            EXAMPLES
              trawl embed notes.txt --format npy --output notes.npy
              echo "a question" | trawl embed --prompt-name query
              trawl embed corpus.jsonl --dimensions 128 --output vectors.jsonl
              trawl embed corpus.jsonl --format npy --output-type ubinary --output codes.npy
              trawl embed corpus.jsonl --format npy --output-type int8 --write-ranges ranges.npy --output corpus.npy
              trawl embed questions.txt --format npy --output-type int8 --ranges ranges.npy --output questions.npy
            """)

    @Argument(help: "The texts; - or nothing is standard input.") var file: String?

    @Option(help: "jsonl, npy or f32.") var format = EmbeddingFormat.jsonl
    @Option(help: "float32, float16, int8, uint8, binary or ubinary.") var outputType = EmbeddingType.float32
    @Option(help: "A .npy file with the ranges of the dimensions, for int8 and uint8.") var ranges: String?
    @Option(help: "Write the ranges of the dimensions that int8 or uint8 used to this .npy file.")
    var writeRanges: String?
    @Option(name: [.short, .long], help: "The file to write; standard output without it.") var output: String?

    @Option(help: "The embedding model: a name or a path.") var model = ModelCatalogue.defaultEmbedder
    @Option(help: "Text put before each text, such as \"query: \".") var prompt: String?
    @Option(help: "The name of one of the model's own prompts.") var promptName: String?
    @Option(help: "Whether the texts are queries or passages: takes the prompt that the model was trained with.")
    var role: TextRole?
    @Option(help: "The task of the texts, which are queries, for models that are made for instructions.")
    var instruction: String?
    @Option(help: "Examples of queries and passages that the model is shown: JSON lines or TSV.") var examples: String?
    @Option(help: "Keep only the first dimensions (Matryoshka models), at length 1 if the model's own embeddings are.")
    var dimensions: Int?
    @Option(help: "Arithmetic of the model: f32, or int8, which is faster and a little less exact.")
    var precision = Precision.f32
    @Flag(help: "Scale embeddings to length 1, whatever the model's own files say.") var normalize = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if writeRanges == "-", output ?? "-" == "-" {
            throw ValidationError("--write-ranges - and the embeddings would both write to standard output")
        }
        try StandardInput.requireOneReader([("texts", file ?? "-"), ("--examples", examples), ("--ranges", ranges)])
        if role == .passage, instruction != nil || examples != nil {
            throw ValidationError("--instruction and --examples go with queries")
        }
        if let dimensions, dimensions < 1 { throw ValidationError("--dimensions must be at least 1") }
        if ranges != nil || writeRanges != nil, !outputType.hasRanges {
            throw ValidationError("--ranges and --write-ranges go with --output-type int8 or uint8")
        }
        if format == .f32, outputType != .float32 {
            throw ValidationError(
                "--format f32 is float32; --output-type \(outputType.rawValue) goes with jsonl or npy")
        }
    }

    func run() async throws {
        let output = try OutputFile(output ?? "-")
        let rangesOutput = try writeRanges.map { try OutputFile($0) }
        let embedder = try TextEmbedder(
            folder: ModelCatalogue.path(of: model), truncatedTo: dimensions, precision: precision)
        let prompt = try prompt(of: embedder)
        let texts = try TextReader().read(file ?? "-")
        var matrix =
            if let prompt {
                try embedder.embed(texts.map(\.text), in: prompt, progress: progress.reporter)
            } else {
                try embedder.embed(texts.map(\.text), progress: progress.reporter)
            }
        if normalize { matrix = matrix.normalised() }
        var ranges: EmbeddingRanges?
        if outputType.hasRanges {
            ranges = try self.ranges.map { try NumPyFile.ranges(path: $0) } ?? EmbeddingRanges(of: matrix)
        }
        let embeddings = try QuantisedEmbeddings(matrix, as: outputType, ranges: ranges)
        try output.write(format.bytes(of: embeddings, ids: texts.map(\.id)))
        if let ranges { try rangesOutput?.write(NumPyFile.bytes(ranges)) }
    }

    /// nil takes the model's default prompt, if it has one.
    private func prompt(of embedder: TextEmbedder) throws -> EmbeddingPrompt? {
        if let prompt { return EmbeddingPrompt(prefix: prompt) }
        if let promptName { return EmbeddingPrompt(prefix: try embedder.prompt(named: promptName)) }
        guard role != nil || instruction != nil || examples != nil else { return nil }
        return try embedder.prompt(
            for: role ?? .query, instruction: instruction,
            examples: examples.map { try InstructionExample.read($0) } ?? [])
    }
}

extension EmbeddingFormat: ExpressibleByArgument {}
extension EmbeddingType: ExpressibleByArgument {}
