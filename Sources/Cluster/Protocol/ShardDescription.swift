import TrawlCore

/// What a shard says of itself.
struct ShardDescription {
    /// The recipe and the default settings, in YAML.
    var recipe: String
    /// The same without what may differ between machines: shards of one index agree in it.
    var comparableRecipe: String
    /// The models that the index was built with.
    var models: [Model]
    /// Which of how many shards it is; nil for an index that is none.
    var shard: Number?
    var documents: Int
    var passages: Int
    /// One more than the largest number of a passage and of a document, with those that are deleted.
    var passageBound: Int
    var documentBound: Int
    var segments = 0
    var bytesOnDisk = 0
    /// nil for an index without postings, vectors or n-grams.
    var lexical: Lexical?
    var vectors: Vectors?
    var ngrams: NGrams?

    struct Model: Equatable {
        /// What it is used for.
        let role: String
        let digest: String
    }

    struct Number: Equatable {
        let number: Int
        let count: Int
    }

    struct Lexical {
        var passages: Int
        /// The terms of live passages, each as often as it occurs.
        var terms: UInt64
    }

    struct Vectors {
        /// 0 for a shard without passages.
        var dimension: Int
        var isCosine: Bool
    }

    struct NGrams {
        var tokens: Int
        var passages: Int
        /// nil for a shard without passages.
        var boundary: TokenID?
    }

    /// The description that is used for a shard that does not answer: one without documents.
    static func unreachable(_ number: Int, of count: Int, like other: ShardDescription) -> ShardDescription {
        ShardDescription(
            recipe: other.recipe, comparableRecipe: other.comparableRecipe, models: other.models,
            shard: Number(number: number, count: count), documents: 0, passages: 0, passageBound: 0, documentBound: 0)
    }
}

extension ShardDescription: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (recipe, comparableRecipe, models, shard, documents, passages, passageBound, documentBound) =
            try reader.fields()
        (segments, bytesOnDisk, lexical, vectors, ngrams) = try reader.fields()
        guard documents <= documentBound, passages <= passageBound else {
            throw ByteFault("it has more documents or passages than numbers for them")
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(
            recipe, comparableRecipe, models, shard, documents, passages, passageBound, documentBound, segments,
            bytesOnDisk, lexical, vectors, ngrams)
    }
}

extension ShardDescription.Model: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (role, digest) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(role, digest) }
}

extension ShardDescription.Number: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (number, count) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(number, count) }
}

extension ShardDescription.Lexical: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (passages, terms) = try reader.fields()
        guard terms <= ByteReader.largestCount else { throw ByteFault("a number is too large") }
    }

    func write(to writer: inout ByteWriter) { writer.append(passages, terms) }
}

extension ShardDescription.Vectors: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (dimension, isCosine) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(dimension, isCosine) }
}

extension ShardDescription.NGrams: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (tokens, passages, boundary) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(tokens, passages, boundary) }
}
