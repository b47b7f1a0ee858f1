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
            PATH is a folder, a file or - for standard input. An existing index is replaced in one step at the end; \
            --add, --replace and --sync change it instead. Until then it answers as before, even if indexing is killed: \
            run the command again, and embeddings that were finished are reused. A folder with anything but an index in \
            it is never replaced. Flags override the recipe, and the recipe overrides the defaults.

            FORMATS are detected by the file's name or its first bytes; --format names one for all files.
              one document per file: Markdown with front matter, HTML (the main content), plain text, source code, \
            reStructuredText, PDF (by pdftotext of poppler-utils), .docx, .odt, .epub, e-mail (.eml)
              many per file: JSON lines, JSON, CSV, TSV, TREC, mailboxes (.mbox), BEIR folders; with --format lines \
            each line is a document
            Text may be compressed (.gz, .zst) and must be UTF-8, or UTF-16 with a byte order mark. Of folders, hidden \
            files and what a .gitignore or .ignore in them names are left out. Documents that are files have the metadata \
            path, size (bytes), modified and format. Documents without ids are numbered.

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
              trawl index --recipe indexes/wikipedia.yaml --shard 0/8
            """)

    @Argument(help: "The files and folders to index. (default: the recipe's)") var paths: [String] = []

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The index folder to make. (default: the recipe's path, with .trawl for .yaml, and -I-of-N before it for a "
                + "shard)", valueName: "path"))
    var output: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "A recipe: YAML with the corpus, passages, models, what to build and search defaults (docs/recipes.md).",
            valueName: "file"))
    var recipe: String?

    @Flag(help: "Add the documents to an existing index; their ids must be new to it.") var add = false

    @Flag(help: "Add the documents to an existing index and replace those with the same ids.") var replace = false

    @Flag(
        help: ArgumentHelp(
            "Make the index agree with PATH: add new documents, replace changed ones, remove deleted ones.",
            discussion: """
                Only files with a new size or time are read, and only new passages are embedded. An index that does not \
                exist is built. Documents from --add stay.
                """))
    var sync = false

    @Flag(help: "As --sync, and again whenever a file changes, until Ctrl-C.") var watch = false

    @Option(
        help: ArgumentHelp(
            "Take only the documents of shard I of N, where I is 0 to N-1 (docs/shards.md).",
            discussion: """
                A document belongs to a shard by a hash of its id. Each shard is an index of its own; the builds need not \
                know of each other. A shard takes only its own documents from --add, --replace and --sync, too.
                """, valueName: "i/n"),
        transform: { text in
            do { return try ShardNumber(text) } catch { throw ValidationError("\(error)") }
        })
    var shard: ShardNumber?

    @Option(
        help: ArgumentHelp(
            "The retrieval methods to build, separated by commas: \(IndexParts.default.nameList). "
                + "(default: \(IndexParts.default.defaultBuild.joined(separator: ",")))",
            valueName: "methods"),
        transform: { text in
            try text.split(separator: ",").map { name in
                if IndexParts.default.named(String(name)) != nil { return String(name) }
                throw ValidationError("'\(name)' is not one of \(IndexParts.default.nameList)")
            }
        })
    var build: [String]?
    @Option(
        help:
            "The format of all files: \(CorpusRecipe.formats.joined(separator: ", ")). (default: detected per file)")
    var format: String?
    @Option(
        help: ArgumentHelp(
            "Leave out of folders what this pattern of gitignore(5) matches, such as '*.log' or build/; may be repeated.",
            discussion: """
                Patterns are relative to PATH, and '!PATTERN' brings back what another one leaves out. They go before those \
                of ignore files. The index keeps them for --sync, --add and --replace.
                """, valueName: "pattern"))
    var exclude: [String] = []
    @Flag(help: "Read what .gitignore and .ignore files in folders leave out, too.") var noIgnore = false
    @Option(
        help: ArgumentHelp(
            "The language of the documents: a name, an ISO 639 code, none, or auto, which detects it. (default: auto)",
            discussion: """
                Lexical search stems words and leaves out stop words in \(LexicalRecipe.languages). With none, for texts in \
                several languages, words stay as they are. The language that auto detects is printed and stored in the \
                index. Accents and typographic apostrophes make no difference in any language, unless a recipe has \
                'lexical: {fold: false}'.
                """))
    var language: String?
    @Option(
        help: ArgumentHelp(
            "The embedding model: a name or a path. (default: \(ModelCatalogue.defaultEmbedder))", valueName: "model"))
    var embedder: String?
    @Option(
        help: ArgumentHelp(
            "The generator, which writes n-grams: a name or a path. (default: \(ModelCatalogue.defaultGenerator))",
            valueName: "model"))
    var generator: String?
    @Option(
        help: ArgumentHelp(
            "A folder of pseudo-queries, as 'trawl train queries' writes it, for generative search.",
            discussion: """
                Each becomes an identifier of the passage of its document that shares most words with it; its n-grams \
                count as n-grams of the text. The documents' metadata holds them, as pseudo_queries unless the recipe \
                names another field. Leave out queries that are used to evaluate, or to validate a training.
                """,
            valueName: "folder"))
    var pseudoQueries: String?

    @Option(help: "Arithmetic of the models; stored in the index. (default: f32)") var precision: Precision?
    @Option(
        help: ArgumentHelp(
            "How vectors are searched; auto chooses by their number. (default: auto)", valueName: "structure"))
    var vectorStructure: VectorRecipe.Structure?
    @Option(
        help: ArgumentHelp(
            "How the codes of binary vectors are made: rotated, a bit for each dimension; learned, fewer bits, fitted to "
                + "the vectors. (default: rotated)", valueName: "kind"))
    var codes: VectorRecipe.Codes?
    @Option(
        help: ArgumentHelp(
            "The bits of a learned code. (default: \(VectorRecipe().codeBits))", valueName: "n"))
    var codeBits: Int?
    @Option(help: ArgumentHelp("How vectors are stored. (default: f32)", valueName: "format"))
    var vectorFormat: VectorRecipe.Format?
    @Option(
        help: ArgumentHelp(
            "The model of late interaction: a ColBERT checkpoint or an embedding model, by name or path. "
                + "(default: \(ModelCatalogue.defaultEmbedder))", valueName: "model"))
    var lateModel: String?
    @Option(
        help: ArgumentHelp(
            "The bits per dimension of a stored token vector: 1, 2 or 4. (default: \(LateRecipe().bits))",
            valueName: "bits"))
    var lateBits: Int?
    @Option(
        help: ArgumentHelp(
            "The longest passage: auto, none or a number of words. (default: auto)",
            discussion: """
                auto splits documents that are longer than the embedding model reads, at headings, paragraphs and \
                sentences. none keeps every document whole; dense search then sees only the beginning of long ones.
                """,
            valueName: "size"))
    var passageSize: PassageRecipe.Size?
    @Option(
        help: ArgumentHelp(
            "How many words neighbouring passages share, for a --passage-size in words. (default: 0)", valueName: "n"))
    var passageOverlap: Int?
    @Flag(help: "Stop at the first file or record that cannot be read, and leave the index unchanged.")
    var strict = false
    @Flag(help: "Print a summary of the index as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if recipe == nil, paths.isEmpty { throw ValidationError("name a PATH to index, or a --recipe") }
        if sync || watch, paths.isEmpty || paths.contains("-") {
            throw ValidationError("--sync needs the PATH of files or folders")
        }
        if !exclude.isEmpty || noIgnore, !paths.isEmpty, paths.allSatisfy(isFile) {
            throw ValidationError("\(exclude.isEmpty ? "--no-ignore" : "--exclude") needs a PATH that is a folder")
        }
        if recipe == nil, output == nil { throw ValidationError("name the index to make with --output DIR") }
        if recipe == "-", output == nil {
            throw ValidationError("--recipe - has no name; name the index with --output")
        }
        if let lateBits, ![1, 2, 4].contains(lateBits) { throw ValidationError("--late-bits must be 1, 2 or 4") }
        if let overlap = passageOverlap, overlap < 0 { throw ValidationError("--passage-overlap must not be negative") }
    }

    func run() async throws {
        let engine = Engine()
        let summary: IndexSummary
        let documents: DocumentIterator
        if sync || watch, let path = try existingIndex(engine) {
            // A command that is repeated names what the index has; anything else would have no effect.
            let index = try engine.open(path)
            guard try withFlags(RecipeFile(index.recipe)).recipe == index.recipe else {
                throw ValidationError(
                    "--sync keeps to the recipe of the index that is there; leave out the flags that differ from it")
            }
            return try synchronise(path, engine)
        } else if add || replace {
            let path = try IndexCatalogue.path(of: output ?? "")
            let recipe = try engine.open(path).recipe
            try SearchFlags.checkBuilding(.current, recipe)
            var corpus = recipe.corpus
            if let format { corpus.format = format }
            if !exclude.isEmpty { corpus.exclude = exclude }
            if noIgnore { corpus.usesIgnoreFiles = false }
            documents = try corpus.documents(paths: paths, onBadInput: strict ? .stop : .skip)
            summary = try engine.add(
                identified(documents, recipe), to: path, replacing: replace, shard: shard,
                progress: progress.reporter)
        } else {
            let file = try recipeFile()
            try SearchFlags.checkBuilding(.current, file.recipe)
            // `indexes/wikipedia.yaml` makes `indexes/wikipedia.trawl`.
            let suffix = shard.map { "-\($0.number)-of-\($0.count)" } ?? ""
            let path = output ?? ((recipe ?? "") as NSString).deletingPathExtension + suffix + ".trawl"
            documents = try file.recipe.corpus.documents(onBadInput: strict ? .stop : .skip)
            summary = try engine.build(
                file, at: path, documents: identified(documents, file.recipe), shard: shard,
                progress: progress.reporter)
        }
        if json, sync || watch {
            try Output.json(SynchronisationReport(building: summary, from: documents))
        } else if json {
            try Output.json(IndexReport(summary: summary, skipped: documents.summary.skipped.count))
        } else if !progress.quiet {
            let index = try engine.open(summary.path)
            for (name, about) in try index.partSummaries() where name == LexicalRecipe.sectionName {
                Diagnostics.line(about)
            }
            Diagnostics.line(
                "\(summary.path): \(counted(summary.documents, "document")), \(counted(summary.passages, "passage")), "
                    + "\(grouped(summary.bytesOnDisk / 1_000_000)) MB"
                    + (summary.shard.map { ", shard \($0)" } ?? ""))
        }
        if watch { try synchronise(summary.path, engine) }
    }

    private func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return path == "-" || isThere && !isFolder.boolValue
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
            path, with: corpus.reader(paths: paths, onBadInput: strict ? .stop : .skip), shard: shard,
            progress: progress.reporter)
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
        var file = try withFlags(recipe.map { try RecipeFile(contentsOf: $0) } ?? RecipeFile())
        if !paths.isEmpty { file.recipe.corpus.paths = paths }
        if let language { try file.recipe.lexical.set(language: language) }
        return file
    }

    /// `file` with the flags on top, but for the paths, and the language if it is to be detected.
    private func withFlags(_ file: RecipeFile) throws -> RecipeFile {
        var file = file
        if let format { file.recipe.corpus.format = format }
        if !exclude.isEmpty { file.recipe.corpus.exclude = exclude }
        if noIgnore { file.recipe.corpus.usesIgnoreFiles = false }
        if let build { file.recipe.build = build }
        if let language, language != "auto" { try file.recipe.lexical.set(language: language) }
        if let embedder { file.recipe.dense.model = embedder }
        if let precision {
            file.recipe.dense.precision = precision
            if file.recipe.build.contains(SearchMode.late.rawValue) { file.recipe.late.precision = precision }
            file.settings.generative.precision = precision
        }
        if let generator { file.recipe.generative.model = generator }
        if pseudoQueries != nil, file.recipe.generative.identifiers == nil {
            file.recipe.generative.identifiers = GenerativeRecipe.defaultIdentifiers
        }
        if let vectorStructure { file.recipe.dense.vectors.structure = vectorStructure }
        if let codes { file.recipe.dense.vectors.codes = codes }
        if let codeBits { file.recipe.dense.vectors.codeBits = codeBits }
        if let vectorFormat { file.recipe.dense.vectors.format = vectorFormat }
        if let lateModel { file.recipe.late.model = lateModel }
        if let lateBits { file.recipe.late.bits = lateBits }
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
