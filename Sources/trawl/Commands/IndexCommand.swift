import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlTensors

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build an index of a corpus.",
        discussion: """
            PATH is a BEIR folder, a file of JSON lines, TSV or TREC documents, a folder of .txt, .md or .html files, \
            or - for standard input; each plain, .gz or .zst. An index that exists is replaced in one step at the end, \
            or grows with --add or --replace. Until then it answers as before, even if the indexing is killed.

            EXAMPLES
              trawl index notes/ --output notes.trawl
              trawl index scifact/ --output scifact.trawl --build lexical,dense
              trawl index --recipe indexes/wikipedia.yaml
              zcat more.jsonl.gz | trawl index - --output notes.trawl --add
              trawl index corrected.jsonl --output notes.trawl --replace
              trawl index scifact/ --output scifact.trawl --pseudo-queries written/
            """)

    @Argument(help: "What to index; without it, what the recipe names.")
    var paths: [String] = []

    @Option(name: [.short, .long], help: "The index folder to make.")
    var output: String?

    @Option(name: [.short, .long], help: "A recipe (YAML): corpus, passages, models, what to build.")
    var recipe: String?

    @Flag(help: "Add the documents to an index that exists; their ids must be new to it.")
    var add = false

    @Flag(help: "Add the documents to an index that exists, in place of those with the same ids.")
    var replace = false

    @Option(
        help: "What to build, separated by commas: lexical, dense, generative.",
        transform: { text in
            try text.split(separator: ",").map { name in
                guard let component = IndexComponent(rawValue: String(name)) else {
                    throw ValidationError("'\(name)' is none of lexical, dense, generative")
                }
                return component
            }
        })
    var build: [IndexComponent]?

    @Option(
        help: "The format of the corpus, if it is not to be detected: \(Recipe.corpusFormats.joined(separator: ", ")).")
    var format: String?

    @Option(help: "The embedding model: a name or a path.")
    var embedder: String?

    @Option(help: "The model that writes n-grams: a name or a path.")
    var generator: String?

    @Option(
        help: ArgumentHelp(
            """
            A folder with queries.jsonl and qrels.tsv, as 'trawl train queries' writes it: queries by which their \
            documents are found too.
            """,
            discussion: """
                Each becomes an identifier of the passage of its document that shares most words with it: in the \
                substring index its n-grams count as those of the text. The document keeps them in its metadata, as \
                pseudo_queries unless the recipe names another field. Leave out queries that you evaluate or score a \
                training by.
                """,
            valueName: "folder"))
    var pseudoQueries: String?

    @Option(help: "Arithmetic of the models: f32 or int8; kept in the index.")
    var precision: Precision?

    @Option(help: "How vectors are found: exact, binary, graph, or auto, which suits their number.")
    var vectorStructure: VectorRecipe.Structure?

    @Option(help: "How vectors are stored: f32, f16 or int8.")
    var vectorFormat: VectorRecipe.Format?

    @Option(help: "The most words of a passage; 0 keeps documents whole.")
    var passageSize: Int?

    @Option(help: "The words that neighbouring passages share.")
    var passageOverlap: Int?

    @Flag(help: "Print what was built as JSON.")
    var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if recipe == nil, paths.isEmpty { throw ValidationError("name a PATH to index, or a --recipe") }
        if add || replace,
            recipe != nil || build != nil || embedder != nil || generator != nil || precision != nil
                || passageSize != nil || vectorStructure != nil || vectorFormat != nil
        {
            throw ValidationError(
                "--add and --replace keep to the recipe of the index; leave out --recipe and what overrules it")
        }
        if recipe == nil, output == nil { throw ValidationError("name the index to make with --output DIR") }
        if let size = passageSize, size < 0 { throw ValidationError("--passage-size must not be negative") }
        if let overlap = passageOverlap, overlap < 0 { throw ValidationError("--passage-overlap must not be negative") }
    }

    func run() async throws {
        let output = try self.output ?? Self.standardOutput(recipe: recipe ?? "")
        var builder: IndexBuilder
        if add || replace {
            builder = try IndexBuilder(
                addingTo: IndexPath.resolve(output), paths: paths, replacing: replace, progress: progress.reporter)
        } else {
            builder = IndexBuilder(recipe: try effectiveRecipe(), output: output, progress: progress.reporter)
        }
        if let folder = pseudoQueries {
            builder.pseudoQueries = try JudgedQueries(
                queries: folder + "/queries.jsonl", qrels: folder + "/qrels.tsv"
            ).byDocument
        }
        let summary = try builder.run()
        if json {
            try Output.json(summary)
        } else if !progress.quiet {
            Diagnostics.line(
                "\(output): \(grouped(summary.documents)) documents, \(grouped(summary.passages)) passages, "
                    + "\(grouped(summary.bytesOnDisk / 1_000_000)) MB")
        }
    }

    /// The recipe with the flags on top of it.
    private func effectiveRecipe() throws -> Recipe {
        var recipe = try self.recipe.map { try Recipe(contentsOf: $0) } ?? Recipe()
        if !paths.isEmpty { recipe.corpus.paths = paths }
        if let format { recipe.corpus.format = format }
        if let build { recipe.build = build }
        if let embedder { recipe.dense.model = embedder }
        if let precision { recipe.setPrecision(precision) }
        if let generator { recipe.generative.model = generator }
        if pseudoQueries != nil, recipe.generative.identifiers == nil {
            recipe.generative.identifiers = Recipe.standardIdentifiers
        }
        if let vectorStructure { recipe.dense.vectors.structure = vectorStructure }
        if let vectorFormat { recipe.dense.vectors.format = vectorFormat }
        if let passageSize { recipe.passages.size = passageSize == 0 ? nil : passageSize }
        if let passageOverlap { recipe.passages.overlap = passageOverlap }
        if let size = recipe.passages.size, recipe.passages.overlap >= size {
            throw TrawlError(.invalidInput, "the overlap of passages must be less than their size")
        }
        return recipe
    }

    /// `indexes/wikipedia.yaml` makes `indexes/wikipedia.trawl`.
    private static func standardOutput(recipe: String) throws -> String {
        (recipe as NSString).deletingPathExtension + ".trawl"
    }
}
