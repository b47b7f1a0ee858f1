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
            input, and writes one embedding per line: JSON lines, a NumPy .npy file or raw float32. A blank line gets \
            the embedding of the empty text. --output-type quantises them as sentence-transformers' \
            quantize_embeddings does: int8 and uint8 divide the range of each dimension (from --ranges, or from the \
            embeddings themselves) into 256 steps; binary and ubinary keep the signs, eight per byte.

            EXAMPLES
              trawl embed notes.txt --format npy --output notes.npy
              echo "a question" | trawl embed --prompt-name query
              trawl embed corpus.jsonl --dimensions 128 --output vectors.jsonl
              trawl embed corpus.jsonl --format npy --output-type ubinary --output codes.npy
              trawl embed corpus.jsonl --format npy --output-type int8 --write-ranges ranges.npy --output corpus.npy
              trawl embed questions.txt --format npy --output-type int8 --ranges ranges.npy --output questions.npy
            """)

    @Argument(help: "The texts; - for standard input. (default: standard input)") var file: String?

    @Option(help: "The output format.") var format = EmbeddingFormat.jsonl
    @Option(help: ArgumentHelp("The type of the numbers.", valueName: "type")) var outputType = EmbeddingType.float32
    @Option(
        help: ArgumentHelp(
            "A .npy file with the ranges of the dimensions, for int8 and uint8. (default: those of the embeddings)",
            valueName: "file"))
    var ranges: String?
    @Option(
        help: ArgumentHelp(
            "Write the ranges of the dimensions that int8 or uint8 used to this .npy file.", valueName: "file"))
    var writeRanges: String?
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write. (default: standard output)", valueName: "file"))
    var output: String?

    @Option(help: "The embedding model: a name or a path.") var model = ModelCatalogue.defaultEmbedder
    @Option(
        help: ArgumentHelp(
            "Text before each text, such as \"query: \". (default: the model's default prompt, if it has one)",
            valueName: "text"))
    var prompt: String?
    @Option(help: ArgumentHelp("The name of one of the model's own prompts.", valueName: "name"))
    var promptName: String?
    @Option(help: "Format the texts with the prompt that the model was trained with for queries or for passages.")
    var role: TextRole?
    @Option(
        help: ArgumentHelp(
            "The task of the texts, as queries, for models that were trained with instructions.", valueName: "text"))
    var instruction: String?
    @Option(
        help: ArgumentHelp(
            "Examples of queries and passages for the model's prompt: JSON lines or TSV.", valueName: "file"))
    var examples: String?
    @Option(
        help: ArgumentHelp(
            "Keep only the first dimensions (Matryoshka models), rescaled to length 1 if the model normalises. "
                + "(default: all)", valueName: "n"))
    var dimensions: Int?
    @Option(help: "Arithmetic of the model; int8 is faster and slightly less accurate.")
    var precision = Precision.f32
    @Flag(help: "Scale embeddings to length 1, also if the model does not.") var normalize = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if writeRanges == "-", output ?? "-" == "-" {
            throw ValidationError("--write-ranges - and the embeddings would both write to standard output")
        }
        if let writeRanges, writeRanges != "-", writeRanges == output {
            throw ValidationError("--write-ranges and --output would both write to \(writeRanges)")
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
        for written in [output, rangesOutput] { try written?.requireNone(of: [file, examples, ranges]) }
        let embedder = try TextEmbedder(
            folder: ModelCatalogue.path(of: model), truncatedTo: dimensions, precision: precision)
        let prompt = try prompt(of: embedder)
        let texts = try TextReader().read(file ?? "-")
        let blank = texts.filter { $0.text.allSatisfy(\.isWhitespace) }
        if let first = blank.first, !progress.quiet {
            Diagnostics.warning(
                "\(grouped(blank.count)) of \(grouped(texts.count)) texts are blank, the first with the id \(first.id); they get "
                    + "the embedding of the empty text")
        }
        var matrix =
            if let prompt {
                try embedder.embed(texts.map(\.text), in: prompt, progress: progress.reporter)
            } else {
                try embedder.embed(texts.map(\.text), progress: progress.reporter)
            }
        if matrix.cutTexts > 0, !progress.quiet {
            Diagnostics.warning(
                "\(grouped(matrix.cutTexts)) of \(grouped(matrix.count)) texts are longer than the "
                    + "\(embedder.maximumTokens) tokens that the model reads; their ends are not embedded")
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
