/// The one error type of Trawl: what went wrong, where, and what to do about it.
///
/// ```
/// throw TrawlError(.corrupted, "the header claims 812 bytes, the file has 90", path: path, remedy: "download it again")
/// ```
public struct TrawlError: Error, Sendable {
    /// What kind of failure it was; decides nothing but lets callers tell failures apart.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// A file, index, model or document that was named does not exist.
        public static let notFound = Code("not found")
        /// The user's input (text, JSON, flag, recipe) cannot be used as it is.
        public static let invalidInput = Code("invalid input")
        /// A file is truncated or contradicts itself.
        public static let corrupted = Code("corrupted")
        /// A file is whole but was made for another version, tokenizer, model or shape.
        public static let incompatible = Code("incompatible")
        /// Another process or writer holds what is needed.
        public static let busy = Code("busy")
        /// The operating system refused a read or a write.
        public static let io = Code("input/output")
        /// The disk, the map or a fixed-width field is full.
        public static let full = Code("full")
        /// Another machine or process does not answer.
        public static let unavailable = Code("unavailable")
        /// What was asked for is real but not supported here.
        public static let unsupported = Code("unsupported")
    }

    public var code: Code
    /// A sentence without a full stop that says what is wrong, with the offending value.
    public var message: String
    /// The file or folder concerned.
    public var path: String?
    /// The line of `path`, counted from 1.
    public var line: Int?
    /// What the user can do, in the imperative.
    public var remedy: String?
    /// What the remedy is about, so that a program can name its own flag or command for it.
    public var topic: Topic?
    /// The error that led to this one.
    public var cause: (any Error)?

    /// Things that a remedy may be about.
    public enum Topic: Sendable {
        /// An index that does not exist, or never was finished.
        case index
        /// The methods that an index is built with.
        case build
        /// How documents are cut into passages.
        case passages
        /// The weights of a fusion.
        case fusionWeights
        /// A fusion that was fitted to judged queries.
        case fittedFusion
        /// An adapter of queries' vectors that was fitted to judged queries.
        case queryAdapter
        /// The senses of words that were learnt from an index.
        case senses
        /// The senses that a word has.
        case senseList
        /// A model that writes n-grams, its fitted weights, and the field of identifiers.
        case generator, keyWeights, pseudoQueries
        /// The metadata of a document, and ids that the index does not have.
        case metadata, missingDocuments
        /// The documents that an index has.
        case documents
        /// The folder of data sets.
        case dataSets
        /// The ranges of an embedding's dimensions.
        case embeddingRanges
        /// The fields of TREC topics that make queries.
        case topicFields
        /// Models that can be installed.
        case models
        /// What would be lost if it were replaced.
        case replacement
        /// An index that is damaged.
        case damage
        /// The names of compared systems.
        case systems
        /// The shards of a corpus, and their manifest.
        case shards, manifest
    }

    public init(
        _ code: Code, _ message: String, path: String? = nil, line: Int? = nil, remedy: String? = nil,
        topic: Topic? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.line = line
        self.remedy = remedy
        self.topic = topic
        self.cause = cause
    }

    /// The same error with a place, when it had none.
    public func at(path: String, line: Int? = nil) -> TrawlError {
        var copy = self
        if copy.path == nil {
            copy.path = path
            copy.line = line
        }
        return copy
    }
}

extension TrawlError: CustomStringConvertible {
    /// `file:line: message (remedy)`, followed by the causes, one a line.
    public var description: String {
        var text = ""
        if let path { text += path + (line.map { ":\($0)" } ?? "") + ": " }
        text += message
        if let remedy { text += " (\(remedy))" }
        if let cause { text += "\n  caused by: \(cause)" }
        return text
    }
}
