import Synchronization
import TrawlCore
public import TrawlEngine
import TrawlLexicalIndex

/// Shards that are searched as one index, with the answers of one index.
///
/// It holds one commit of every shard. `refreshed()` gives the newest one.
public final class ClusterIndex: Sendable {
    public let name: String
    public let recipe: IndexRecipe
    /// The default settings.
    public let settings: SearchSettings
    let knownParts: IndexParts
    let shards: ShardGroup
    let descriptions: [ShardDescription]
    /// The number over all shards of each shard's first passage and document.
    let passageBases: [UInt32]
    let documentBases: [UInt32]
    let continuations: Continuations
    let frequencies: Frequencies

    /// If true, a search leaves out shards that do not answer and says so in its notes. If false, it fails.
    public let allowsPartial: Bool
    /// Shards that could not be reached when the cluster was opened.
    private let unreachable: [Int]

    /// Opens shards, each the one of its position.
    ///
    /// - Throws: `TrawlError` for a shard that does not answer (of a cluster that allows partial answers, if none does), for
    ///   shards that do not belong together, and for more passages or documents than can be numbered.
    public convenience init(
        name: String, _ connections: [any ShardConnection], parts: IndexParts = .default, allowsPartial: Bool = false
    ) throws {
        try self.init(name: name, ShardGroup(connections), parts, allowsPartial: allowsPartial)
    }

    /// What all shards say of themselves now; nil for one that does not answer, where that is allowed.
    private static func describe(
        _ shards: ShardGroup, allowsPartial: Bool
    ) throws -> [(commit: UInt64, answer: ShardDescription)?] {
        var shards = shards
        shards.commits = shards.commits.map { _ in 0 }
        shards.missing = allowsPartial ? MissingShards() : nil
        return try shards.askVersioned(shards.connections.map { _ in DescribeShard() })
    }

    private convenience init(name: String, _ shards: ShardGroup, _ parts: IndexParts, allowsPartial: Bool) throws {
        try self.init(
            name: name, shards, Self.describe(shards, allowsPartial: allowsPartial), parts, allowsPartial: allowsPartial
        )
    }

    private init(
        name: String, _ group: ShardGroup, _ answers: [(commit: UInt64, answer: ShardDescription)?],
        _ parts: IndexParts, allowsPartial: Bool
    ) throws {
        guard let first = answers.lazy.compactMap({ $0?.answer }).first else {
            throw TrawlError(
                .unavailable, "no shard of the cluster \(name) answers", remedy: "start its shards, or name them")
        }
        var shards = group
        shards.commits = answers.map { $0?.commit ?? 0 }
        unreachable = answers.indices.filter { answers[$0] == nil }
        // A shard that does not answer counts as one without documents.
        descriptions = answers.enumerated().map { number, answer in
            answer?.answer ?? .unreachable(number, of: answers.count, like: first)
        }
        self.shards = shards
        self.name = name
        self.allowsPartial = allowsPartial
        knownParts = parts
        continuations = Continuations(limit: 4 << 20)
        frequencies = Frequencies(limit: 32 << 20)
        try Self.requireOneIndex(descriptions, shards.connections.map(\.name))
        let file = try RecipeFile(yaml: descriptions[0].recipe, parts: parts)
        (recipe, settings) = (file.recipe, file.settings)
        passageBases = try Self.bases(descriptions.map(\.passageBound), "passages")
        documentBases = try Self.bases(descriptions.map(\.documentBound), "documents")
    }

    /// The cluster as the last commits of its shards left it: this one where nothing was committed since.
    public func refreshed() throws -> ClusterIndex {
        let answers = try Self.describe(shards, allowsPartial: allowsPartial)
        if answers.map({ $0?.commit ?? 0 }) == shards.commits { return self }
        return try ClusterIndex(name: name, shards, answers, knownParts, allowsPartial: allowsPartial)
    }

    /// What `body` gives for this cluster or, where a shard was changed meanwhile, for its newest state.
    public func retrying<Value>(_ body: (ClusterIndex) throws -> Value) throws -> Value {
        var cluster = self
        for _ in 0..<Self.retries {
            do { return try body(cluster) } catch let error as TrawlError where error.code == .busy {
                cluster = try cluster.refreshed()
            }
        }
        return try body(cluster)
    }

    private static let retries = 3

    /// The cluster for one search, and the shards that this finds missing; nil where none may be.
    func forSearch() -> (cluster: ClusterIndex, missing: MissingShards?) {
        guard allowsPartial else { return (self, nil) }
        let missing = MissingShards()
        for shard in unreachable { missing.insert(shard) }
        return (ClusterIndex(self, missing: missing), missing)
    }

    private init(_ other: ClusterIndex, missing: MissingShards) {
        (name, recipe, settings, knownParts) = (other.name, other.recipe, other.settings, other.knownParts)
        (descriptions, passageBases, documentBases) = (other.descriptions, other.passageBases, other.documentBases)
        (allowsPartial, unreachable) = (other.allowsPartial, other.unreachable)
        var shards = other.shards
        shards.missing = missing
        self.shards = shards
        (continuations, frequencies) = (other.continuations, other.frequencies)
    }

    public var documentCount: Int { descriptions.reduce(0) { $0 + $1.documents } }
    public var passageCount: Int { descriptions.reduce(0) { $0 + $1.passages } }
    public var shardCount: Int { descriptions.count }

    /// The digests of the models that the shards were built with, by what they are used for.
    var fingerprints: [String: String] {
        Dictionary(
            descriptions.flatMap(\.models).map { ($0.role, $0.digest) }, uniquingKeysWith: { first, _ in first })
    }

    /// The sums over all shards on which the weights of terms depend.
    var lexicalTotals: (passages: Int, meanLength: Double) {
        let parts = descriptions.compactMap(\.lexical)
        let passages = parts.reduce(0) { $0 + $1.passages }
        let terms = parts.reduce(UInt64(0)) { $0 + $1.terms }
        return (passages, LexicalSearcher.meanLength(terms: terms, passages: passages))
    }

    /// The dimension of vectors, and whether they are compared by their cosine; nil without passages.
    var vectors: (dimension: Int, isCosine: Bool)? {
        descriptions.compactMap(\.vectors).first { $0.dimension > 0 }.map { ($0.dimension, $0.isCosine) }
    }

    var ngramTotals: (tokens: Int, passages: Int, boundary: TokenID) {
        let parts = descriptions.compactMap(\.ngrams)
        return (
            parts.reduce(0) { $0 + $1.tokens }, parts.reduce(0) { $0 + $1.passages },
            parts.compactMap(\.boundary).first ?? 0
        )
    }

    // MARK: - Checks

    private static func requireOneIndex(_ shards: [ShardDescription], _ names: [String]) throws {
        func mismatch(_ what: String, _ number: Int) -> TrawlError {
            TrawlError(
                .incompatible, "\(names[0]) and \(names[number]) are not shards of the same index: \(what)",
                remedy: "build all shards by one recipe, with the same models")
        }
        for (number, shard) in shards.enumerated() {
            guard shard.comparableRecipe == shards[0].comparableRecipe else {
                throw mismatch("their recipes or settings differ", number)
            }
            guard shard.models == shards[0].models else {
                throw mismatch("they were built with other models", number)
            }
            if shards.count > 1 || shard.shard != nil {
                guard let own = shard.shard, own == ShardDescription.Number(number: number, count: shards.count) else {
                    let own = shard.shard.map { "shard \($0.number) of \($0.count)" } ?? "not a shard"
                    throw TrawlError(
                        .incompatible,
                        "\(names[number]) is \(own), but shard \(number) of \(shards.count) is expected",
                        remedy: "name all shards of one index, in the order of their numbers")
                }
            }
            for other in shards[..<number] {
                if let a = other.ngrams?.boundary, let b = shard.ngrams?.boundary, a != b {
                    throw mismatch("their passages end in different tokens", number)
                }
                if let a = other.vectors, let b = shard.vectors, a.dimension > 0, b.dimension > 0,
                    a.dimension != b.dimension || a.isCosine != b.isCosine
                {
                    throw mismatch("their vectors have different dimensions or metrics", number)
                }
            }
        }
    }

    private static func bases(_ counts: [Int], _ what: String) throws -> [UInt32] {
        var (base, bases): (Int, [UInt32]) = (0, [])
        for count in counts {
            bases.append(UInt32(base))
            let sum = base.addingReportingOverflow(count)
            guard !sum.overflow, sum.partialValue < Int(UInt32.max) else {
                throw TrawlError(
                    .full, "the shards have more than \(UInt32.max) \(what)",
                    remedy: "search fewer shards at once")
            }
            base = sum.partialValue
        }
        return bases
    }
}
