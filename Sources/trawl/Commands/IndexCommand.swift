import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlWorkbench

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

    @Argument(help: "What to index; without it, what the recipe names.") var paths: [String] = []

    @Option(name: [.short, .long], help: "The index folder to make.") var output: String?

    @Option(name: [.short, .long], help: "A recipe (YAML): corpus, passages, models, what to build.")
    var recipe: String?

    @Flag(help: "Add the documents to an index that exists; their ids must be new to it.") var add = false

    @Flag(help: "Add the documents to an index that exists, in place of those with the same ids.") var replace = false

    @Option(
        help: "The retrieval methods to build, separated by commas: \(IndexParts.default.nameList).",
        transform: { text in
            try text.split(separator: ",").map { name in
                if IndexParts.default.named(String(name)) != nil { return String(name) }
                throw ValidationError("'\(name)' is none of \(IndexParts.default.nameList)")
            }
        })
    var build: [String]?
    @Option(help: "The format of the corpus, to detect none: \(CorpusRecipe.formats.joined(separator: ", ")).")
    var format: String?
    @Option(
        help: ArgumentHelp(
            "The language of the documents: a name or an ISO 639 code, none, or auto (default), which finds out.",
            discussion: """
                Lexical search stems words and leaves out stop words by the language: \(LexicalRecipe.languages). With none, for \
                texts in several languages, words stay as they are. What auto found is printed and kept in the index. \
                Accents and typographic apostrophes make no difference in any language ('lexical: {fold: false}' in a \
                recipe keeps them).
                """))
    var language: String?
    @Option(help: "The embedding model: a name or a path.") var embedder: String?
    @Option(help: "The model that writes n-grams: a name or a path.") var generator: String?
    @Option(
        help: ArgumentHelp(
            "A folder of queries, as 'trawl train queries' writes it, by which their documents are found too.",
            discussion: """
                Each becomes an identifier of the passage of its document that shares most words with it; its n-grams \
                count as those of the text. Documents keep them in their metadata, as pseudo_queries unless the recipe \
                names another field. Leave out queries that you evaluate or score a training by.
                """,
            valueName: "folder"))
    var pseudoQueries: String?

    @Option(help: "Arithmetic of the models: f32 or int8; kept in the index.") var precision: Precision?
    @Option(help: "How vectors are found: exact, binary, graph, or auto, which suits their number.")
    var vectorStructure: VectorRecipe.Structure?
    @Option(help: "How vectors are stored: f32, f16 or int8.") var vectorFormat: VectorRecipe.Format?
    @Option(help: "The most words of a passage; 0 keeps documents whole.") var passageSize: Int?
    @Option(help: "The words that neighbouring passages share.") var passageOverlap: Int?
    @Flag(help: "Print what was built as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if recipe == nil, paths.isEmpty { throw ValidationError("name a PATH to index, or a --recipe") }
        if add || replace,
            recipe != nil || build != nil || language != nil || embedder != nil || generator != nil || precision != nil
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
        let engine = Engine()
        let summary: IndexSummary
        if add || replace {
            let path = try IndexCatalogue.path(of: output ?? "")
            let recipe = try engine.open(path).recipe
            summary = try engine.add(
                identified(recipe.corpus.documents(paths: paths), recipe), to: path, replacing: replace,
                progress: progress.reporter)
        } else {
            let file = try recipeFile()
            // `indexes/wikipedia.yaml` makes `indexes/wikipedia.trawl`.
            let path = output ?? ((recipe ?? "") as NSString).deletingPathExtension + ".trawl"
            summary = try engine.build(
                file, at: path, documents: identified(file.recipe.corpus.documents(), file.recipe),
                progress: progress.reporter)
        }
        if json {
            try Output.json(summary)
        } else if !progress.quiet {
            let index = try engine.open(summary.path)
            for (name, about) in try index.partSummaries() where name == LexicalRecipe.sectionName {
                Diagnostics.line(about)
            }
            Diagnostics.line(
                "\(summary.path): \(grouped(summary.documents)) documents, \(grouped(summary.passages)) passages, "
                    + "\(grouped(summary.bytesOnDisk / 1_000_000)) MB")
        }
    }

    /// The documents, with the pseudo-queries that were given for them.
    private func identified(_ documents: any DocumentSource, _ recipe: IndexRecipe) throws -> any DocumentSource {
        guard let pseudoQueries else { return documents }
        let folder = QueryFolder(pseudoQueries)
        let queries = try JudgedQueries(queries: folder.queries, qrels: folder.qrels)
        return try PseudoQueryDocuments(documents, queries: queries.byDocument, recipe: recipe)
    }

    /// The recipe file, or the defaults, with the flags on top.
    private func recipeFile() throws -> RecipeFile {
        var file = try recipe.map { try RecipeFile(contentsOf: $0) } ?? RecipeFile()
        if !paths.isEmpty { file.recipe.corpus.paths = paths }
        if let format { file.recipe.corpus.format = format }
        if let build { file.recipe.build = build }
        if let language { try file.recipe.lexical.set(language: language) }
        if let embedder { file.recipe.dense.model = embedder }
        if let precision {
            file.recipe.dense.precision = precision
            file.settings.generative.precision = precision
        }
        if let generator { file.recipe.generative.model = generator }
        if pseudoQueries != nil, file.recipe.generative.identifiers == nil {
            file.recipe.generative.identifiers = GenerativeRecipe.defaultIdentifiers
        }
        if let vectorStructure { file.recipe.dense.vectors.structure = vectorStructure }
        if let vectorFormat { file.recipe.dense.vectors.format = vectorFormat }
        if let passageSize { file.recipe.passages.size = passageSize == 0 ? nil : passageSize }
        if let passageOverlap { file.recipe.passages.overlap = passageOverlap }
        if let size = file.recipe.passages.size, file.recipe.passages.overlap >= size {
            throw TrawlError(.invalidInput, "the overlap of passages must be less than their size")
        }
        return file
    }
}
