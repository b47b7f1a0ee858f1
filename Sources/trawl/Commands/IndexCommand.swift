public import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
public import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlWorkbench

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build an index of a corpus.",
        discussion: """
            PATH is a folder, a file or - for standard input. An index that exists is replaced in one step at the end, \
            or grows with --add, --replace or --sync. Until then it answers as before, even if the indexing is killed; \
            run it again, and what was embedded is not embedded again. A folder that holds anything but an index is left alone.

            FORMATS are told by the file's name, or by its first bytes; --format names one for all files.
              one document per file: Markdown with front matter, HTML (the main content), plain text, source code, \
            reStructuredText, PDF (by pdftotext of poppler-utils), .docx, .odt, .epub, e-mail (.eml)
              many per file: JSON lines, JSON, CSV, TSV, TREC, mailboxes (.mbox), BEIR folders; --format lines takes \
            each line for a document
            Text may be compressed (.gz, .zst) and must be UTF-8, or UTF-16 with a byte order mark. Hidden files are \
            left out. Documents that are files have path, size (bytes), modified and format as metadata. Documents \
            without ids are numbered.

            A file or record that cannot be read is skipped and reported; --strict stops at the first one. A single \
            file that cannot be read to its end is an error in any case.

            EXAMPLES
              trawl index notes/ --output notes.trawl
              trawl index scifact/ --output scifact.trawl --build lexical,dense
              trawl index --recipe indexes/wikipedia.yaml
              zcat more.jsonl.gz | trawl index - --output notes.trawl --add
              trawl index corrected.jsonl --output notes.trawl --replace
              trawl index notes/ --output notes.trawl --sync
              trawl index scifact/ --output scifact.trawl --pseudo-queries written/
            """)

    @Argument(help: "What to index; without it, what the recipe names.") var paths: [String] = []

    @Option(name: [.short, .long], help: "The index folder to make.") var output: String?

    @Option(name: [.short, .long], help: "A recipe (YAML): corpus, passages, models, what to build.")
    var recipe: String?

    @Flag(help: "Add the documents to an index that exists; their ids must be new to it.") var add = false

    @Flag(help: "Add the documents to an index that exists, in place of those with the same ids.") var replace = false

    @Flag(
        help: ArgumentHelp(
            "Make the index agree with PATH: add what is new, replace what changed, remove what is gone.",
            discussion: """
                Only files whose size or time has changed are read, and only passages that are new are embedded. An index \
                that does not exist is built. Documents that came with --add stay.
                """))
    var sync = false

    @Flag(help: "As --sync, and again whenever a file changes, until Ctrl-C.") var watch = false

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
    @Option(
        help: ArgumentHelp(
            "The longest passage: auto, none or a number of words (default: auto).",
            discussion: """
                auto cuts documents that are longer than the embedding model reads, at headings, paragraphs and sentences. \
                none keeps every document whole; dense search then sees only the beginning of long ones.
                """,
            valueName: "size"))
    var passageSize: PassageRecipe.Size?
    @Option(help: "The words that neighbouring passages share; goes with a --passage-size in words.")
    var passageOverlap: Int?
    @Flag(help: "Stop at the first file or record that cannot be read, and leave the index as it was.")
    var strict = false
    @Flag(help: "Print what was built as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if recipe == nil, paths.isEmpty { throw ValidationError("name a PATH to index, or a --recipe") }
        if sync || watch, paths.isEmpty || paths.contains("-") {
            throw ValidationError("--sync needs the PATH of files or folders")
        }
        if recipe == nil, output == nil { throw ValidationError("name the index to make with --output DIR") }
        if recipe == "-", output == nil {
            throw ValidationError("--recipe - has no name; name the index with --output")
        }
        if let overlap = passageOverlap, overlap < 0 { throw ValidationError("--passage-overlap must not be negative") }
    }

    func run() async throws {
        let engine = Engine()
        let summary: IndexSummary
        let documents: DocumentIterator
        if sync || watch, let path = try existingIndex(engine) {
            guard !overrulesRecipe else {
                throw ValidationError(
                    "--sync keeps to the recipe of the index that is there; leave out what overrules it")
            }
            return try synchronise(path, engine)
        } else if add || replace {
            let path = try IndexCatalogue.path(of: output ?? "")
            let recipe = try engine.open(path).recipe
            try SearchFlags.checkBuilding(.current, recipe)
            var corpus = recipe.corpus
            if let format { corpus.format = format }
            documents = try corpus.documents(paths: paths, onBadInput: strict ? .stop : .skip)
            summary = try engine.add(
                identified(documents, recipe), to: path, replacing: replace, progress: progress.reporter)
        } else {
            let file = try recipeFile()
            try SearchFlags.checkBuilding(.current, file.recipe)
            // `indexes/wikipedia.yaml` makes `indexes/wikipedia.trawl`.
            let path = output ?? ((recipe ?? "") as NSString).deletingPathExtension + ".trawl"
            documents = try file.recipe.corpus.documents(onBadInput: strict ? .stop : .skip)
            summary = try engine.build(
                file, at: path, documents: identified(documents, file.recipe), progress: progress.reporter)
        }
        if json {
            try Output.json(IndexReport(summary: summary, skipped: documents.summary.skipped.count))
        } else if !progress.quiet {
            let index = try engine.open(summary.path)
            for (name, about) in try index.partSummaries() where name == LexicalRecipe.sectionName {
                Diagnostics.line(about)
            }
            Diagnostics.line(
                "\(summary.path): \(grouped(summary.documents)) documents, \(grouped(summary.passages)) passages, "
                    + "\(grouped(summary.bytesOnDisk / 1_000_000)) MB")
        }
        if watch { try synchronise(summary.path, engine) }
    }

    /// Whether a flag says what only the recipe of a new index can.
    private var overrulesRecipe: Bool {
        recipe != nil || build != nil || language != nil || embedder != nil || generator != nil || precision != nil
            || passageSize != nil
            || passageOverlap != nil || vectorStructure != nil || vectorFormat != nil || format != nil
    }

    /// The index that `--output` names, if there is one.
    private func existingIndex(_ engine: Engine) throws -> String? {
        guard let path = output.flatMap({ try? IndexCatalogue.path(of: $0) }) else { return nil }
        return try engine.hasIndex(at: path) ? path : nil
    }

    /// Makes the index agree with the files; with `--watch`, until Ctrl-C.
    private func synchronise(_ path: String, _ engine: Engine) throws {
        let corpus = try engine.open(path).recipe.corpus
        if !watch { return try synchroniseOnce(path, engine, corpus) }
        var lastProblem = ""
        while true {
            do {
                try synchroniseOnce(path, engine, corpus)
                lastProblem = ""
            } catch let error as TrawlError {
                // A file that is being saved, another writer: the next round may find it well.
                if "\(error)" != lastProblem { Diagnostics.warning("\(error)") }
                lastProblem = "\(error)"
            }
            // A second is short for a person and long for a disk.
            sleep(1)
        }
    }

    private func synchroniseOnce(_ path: String, _ engine: Engine, _ corpus: CorpusRecipe) throws {
        let report = try engine.synchronise(
            path, with: corpus.reader(paths: paths, onBadInput: strict ? .stop : .skip), progress: progress.reporter)
        let changed = report.added + report.replaced + report.removed
        if json, changed > 0 || !watch {
            try Output.json(report)
        } else if !progress.quiet, changed > 0 || !watch {
            Diagnostics.line(
                "\(path): \(grouped(report.added)) added, \(grouped(report.replaced)) replaced, "
                    + "\(grouped(report.removed)) removed; \(grouped(report.filesUnchanged)) files unchanged")
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
        if let passageSize {
            file.recipe.passages = PassageRecipe(size: passageSize)
        }
        if let passageOverlap { file.recipe.passages.overlap = passageOverlap }
        try file.recipe.passages.validate()
        return file
    }
}

extension PassageRecipe.Size: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// The summary of an index and what was skipped on the way to it, as one JSON object.
private struct IndexReport: Encodable {
    let summary: IndexSummary
    let skipped: Int

    private enum CodingKeys: String, CodingKey { case skipped }

    func encode(to encoder: any Encoder) throws {
        try summary.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(skipped, forKey: .skipped)
    }
}
