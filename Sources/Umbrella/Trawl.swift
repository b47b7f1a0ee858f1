/// Trawl as a library: everything a program needs to index, search, embed, rerank, evaluate and train.
///
/// ```
/// import Trawl
///
/// let engine = Engine()
/// var recipe = IndexRecipe(build: ["lexical", "dense"])
/// recipe.passages = PassageRecipe(size: .words(200), overlap: 40)
/// let folder = try TemporaryIndexFolder()                     // in memory; or any path
/// let documents = [
///     try Document(id: "tides", title: "Tides", text: "The moon pulls the oceans, which rise and fall twice a day."),
///     try Document(id: "plants", text: "Plants turn light, water and carbon dioxide into sugar."),
/// ]
/// try engine.build(RecipeFile(recipe), at: folder.path, documents: DocumentList(documents))
/// try engine.add(
///     DocumentList([try Document(id: "iron", text: "Iron rusts where water and air meet.")]), to: folder.path)
/// let index = try engine.open(folder.path)
/// for mode in [SearchMode.lexical, .dense, .hybrid] {
///     var settings = index.settings
///     settings.mode = mode
///     let result = try engine.search("why does the sea rise", in: index, settings)
///     print(mode, result.hits[0].document, result.hits[0].score)
/// }
/// let vectors = try engine.models.embedder("all-MiniLM-L6-v2").embed(["a text", "another"])
/// ```
///
/// A test compiles and runs this program, with reranking and evaluation besides.
@_exported public import TrawlClassification
@_exported public import TrawlCluster
@_exported public import TrawlCore
@_exported public import TrawlCorpus
@_exported public import TrawlEmbeddings
@_exported public import TrawlEngine
@_exported public import TrawlEvaluation
@_exported public import TrawlGeneration
@_exported public import TrawlLexicalIndex
@_exported public import TrawlModels
@_exported public import TrawlSenses
@_exported public import TrawlStore
@_exported public import TrawlSubstringIndex
@_exported public import TrawlTensors
@_exported public import TrawlTokenizers
@_exported public import TrawlTraining
@_exported public import TrawlVectorIndex
@_exported public import TrawlWorkbench
