public import TrawlCore
public import TrawlCorpus
public import TrawlStore

/// One structure of an index, such as the postings or the vectors: everything the engine has to know of it.
///
/// The engine builds, merges, deletes, checks, measures and searches whatever parts it was given; nothing in it lists them.
/// A part that is new is a folder with a type of this protocol and one line where the parts are registered:
///
/// ```
/// let engine = Engine(parts: .default.adding(PassageLengths()))
/// ```
///
/// A part owns a range of numbers for its blobs and tables, in which it stores what it likes for each segment. Segments
/// never change once they are written.
public protocol IndexPart: Sendable {
    /// What `open` gives: the part of one snapshot, ready to be asked.
    associatedtype Opened: Sendable

    /// The name in reports and checks, such as `vectors`.
    var name: String { get }

    /// The name of the retrieval method that the part serves, such as `dense`, by which recipes (`build`), modes and fusion
    /// weights call it. nil for a part that every index has.
    var buildName: String? { get }

    /// The numbers of the part's tables and blobs; no two parts share one.
    var storage: ClosedRange<UInt16> { get }

    /// The part's section of `IndexRecipe`, and of `SearchSettings`; nil for none. Both have the same section name.
    var recipeSection: (any RecipeSection.Type)? { get }
    var settingsSection: (any RecipeSection.Type)? { get }

    /// The weight in a hybrid search that names no weights; 0: takes no part. Those of the built-in parts were chosen on seven
    /// collections and tested on eight others (eval/results/generator.md).
    var fusionWeight: Float { get }

    /// Whether an index has the part whose recipe does not say what to build.
    var isBuiltByDefault: Bool { get }

    /// Whether the method finds passages by their words. Methods that do repeat each other in part, so that two of them count
    /// 1.5 times as much as one, not twice.
    var readsWords: Bool { get }

    /// Whether a search that names no method asks this one: false where the model is missing that it takes.
    func canSearch(_ recipe: IndexRecipe, _ settings: SearchSettings) -> Bool

    /// Decides what a recipe leaves to the documents, such as their language, by the first of them. Called when an index is
    /// built, whether or not it has the part; not when it grows.
    func complete(
        _ recipe: inout IndexRecipe, by sample: () throws -> [Document], progress: any ProgressReporter) throws

    /// Loads what building takes, so that what can fail fails before anything is written.
    ///
    /// - Throws: `TrawlError` for a recipe that cannot be built or a model that is missing.
    func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder

    /// A view of the documents that are about to be indexed, which may check them or warn of them.
    func reading(_ documents: any DocumentSource, _ recipe: IndexRecipe, isAdding: Bool) -> any DocumentSource

    /// Writes the part of a segment that is put together from slices of others.
    func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter)
        throws

    /// Writes what the part keeps of deleted passages beside the deletion set.
    ///
    /// - Parameter dead: all deleted passages of the segment, by their numbers in it.
    func delete(_ dead: BitSet, from segment: SegmentReader, into writer: SegmentWriter) throws

    /// Opens the part of a snapshot, in place. Called once for each open index; see `SearchIndex.open`.
    func open(_ index: SearchIndex) throws -> Opened

    /// Verifies the part of every segment against the documents.
    ///
    /// - Returns: what was verified, in words.
    /// - Throws: what is wrong.
    func check(_ index: SearchIndex, _ context: CheckContext) throws -> String?

    /// Verifies what `delete` wrote for a segment.
    func checkDeletions(_ segment: SegmentReader) throws

    /// What is worth showing of the part beside its size, in words.
    func summary(_ index: SearchIndex) throws -> String?

    /// A retriever over the part; nil for a part that finds nothing itself.
    func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)?
}

extension IndexPart {
    public var recipeSection: (any RecipeSection.Type)? { nil }
    public var settingsSection: (any RecipeSection.Type)? { nil }
    public var fusionWeight: Float { 0 }
    public var isBuiltByDefault: Bool { true }
    public var readsWords: Bool { false }
    public func canSearch(_ recipe: IndexRecipe, _ settings: SearchSettings) -> Bool { true }

    public func complete(
        _ recipe: inout IndexRecipe, by sample: () throws -> [Document], progress: any ProgressReporter
    ) throws {}

    public func reading(_ documents: any DocumentSource, _ recipe: IndexRecipe, isAdding: Bool) -> any DocumentSource {
        documents
    }
    public func delete(_ dead: BitSet, from segment: SegmentReader, into writer: SegmentWriter) throws {}
    public func checkDeletions(_ segment: SegmentReader) throws {}
    public func summary(_ index: SearchIndex) throws -> String? { nil }
    public func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? { nil }
}

/// Writes a part of new segments, with the models that it takes.
public protocol PartBuilder {
    /// The model or tokenizer without which the part means nothing; nil for none.
    var fingerprint: Fingerprint? { get }

    /// How long a passage may be for the part's model; nil when it may have any length.
    var passageMeasure: PassageMeasure? { get }

    /// What the index stores once beside the segments, by name, so that it can be read without the models.
    var metadata: [String: [UInt8]] { get }

    /// Writes the part of a segment, over the passages of `draft` in order.
    func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws
}

extension PartBuilder {
    public var fingerprint: Fingerprint? { nil }
    public var passageMeasure: PassageMeasure? { nil }
    public var metadata: [String: [UInt8]] { [:] }
}

/// What a part is built with.
public struct BuildContext: Sendable {
    public let models: ModelCache
    /// The index that is added to; nil for a new one.
    public let existing: SearchIndex?
    /// A folder for work that the next run can use if this one is interrupted. It need not exist, and is removed by the
    /// commit.
    public let unfinished: String
    /// The shard that the index is; nil for an index of all documents.
    public var shard: ShardNumber?
}

/// What a part is checked with.
public struct CheckContext: Sendable {
    public let models: ModelCache
    /// The most passages for checks that take as long as indexing them.
    public let sample: Int
    public let progress: any ProgressReporter
}

/// Documents of one segment that a merge takes, and their passages, as ascending runs of numbers in the segment.
public struct MergeSlice: Sendable {
    public let reader: SegmentReader
    public private(set) var documents: [Range<UInt32>] = []
    public private(set) var passages: [Range<UInt32>] = []

    init(_ reader: SegmentReader) { self.reader = reader }

    mutating func append(_ document: UInt32, passages range: Range<UInt32>) {
        Self.append(document..<document + 1, to: &documents)
        Self.append(range, to: &passages)
    }

    private static func append(_ run: Range<UInt32>, to runs: inout [Range<UInt32>]) {
        if let last = runs.last, last.upperBound == run.lowerBound {
            runs[runs.count - 1] = last.lowerBound..<run.upperBound
        } else {
            runs.append(run)
        }
    }

    /// The passages alone.
    public var passageSlice: SegmentSlice { SegmentSlice(reader, passages: passages) }
    public var documentCount: Int { documents.reduce(0) { $0 + $1.count } }
    public var passageCount: Int { passages.reduce(0) { $0 + $1.count } }
}
