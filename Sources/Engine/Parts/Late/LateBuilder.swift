import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlLateIndex
import TrawlStore

/// Encodes passages and writes their token vectors. The first segment of an index decides how they are compressed.
final class LateBuilder: PartBuilder {
    private let embedder: TokenEmbedder
    private let recipe: LateRecipe
    private var codec: TokenCodec?
    /// The tokens that the index had before.
    private var tokensBefore: Int?
    private var hasWarned = false

    /// Passages are encoded in lots of this many, sorted by length, which bounds the memory.
    private static let lotSize = 128
    /// Centroids that were made for a collection this much smaller find fewer of the right candidates.
    private static let mostGrowth = 64

    init(_ recipe: LateRecipe, _ context: BuildContext) throws {
        self.recipe = recipe
        embedder = try context.models.tokenEmbedder(recipe.model, precision: recipe.precision)
        try TokenCodec.check(dimension: embedder.dimension, bits: recipe.bits)
        codec = try context.existing.flatMap { try StoredCodec.read($0.snapshot) }
        if let existing = context.existing, codec != nil { tokensBefore = try existing.open(LatePart()).tokenCount }
    }

    var fingerprint: Fingerprint? { StoredCodec.fingerprint(embedder, codec) }

    var passageMeasure: PassageMeasure? {
        PassageMeasure(limit: embedder.longestPassage) { [embedder] in embedder.lengths(of: $0) }
    }

    var metadata: [String: [UInt8]] { codec.map { [StoredCodec.metadataName: $0.encoded] } ?? [:] }

    func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {
        var texts: [String] = []
        texts.reserveCapacity(draft.passageCount)
        draft.forEachPassage { texts.append($0) }
        var sample = Sample(dimension: embedder.dimension)
        let codec: TokenCodec
        if let existing = self.codec {
            codec = existing
        } else {
            (codec, sample) = try makeCodec(of: texts, progress)
            self.codec = codec
        }
        let builder = LateSegmentBuilder(codec, into: writer)
        progress.begin("token vectors", total: texts.count, unit: "passages")
        var cut = sample.cutTexts
        var tokens = 0
        for start in stride(from: 0, to: texts.count, by: Self.lotSize) {
            let lot = start..<min(start + Self.lotSize, texts.count)
            let encoded = try embedder.passages(lot.filter { !sample.contains($0) }.map { texts[$0] })
            cut += encoded.cutTexts
            var new = encoded.split[...]
            // Many tokens at once, as each call packs all centroids.
            var (values, counts): ([Float], [Int]) = ([], [])
            for index in lot {
                guard let vectors = sample.vectors(of: index) ?? new.popFirst() else { continue }
                values += vectors.values
                counts += vectors.counts
            }
            try builder.append(values, counts: counts)
            tokens += counts.reduce(0, +)
            progress.advance(lot.count)
        }
        try builder.finish()
        progress.end()
        warn(cut: cut, of: texts.count, tokens: tokens, codec, progress)
    }

    private func warn(cut: Int, of passages: Int, tokens: Int, _ codec: TokenCodec, _ progress: any ProgressReporter) {
        if cut > 0 {
            progress.warn(
                "\(cut) of \(passages) passages are longer than the \(embedder.maximumTokens) tokens that the model of "
                    + "token vectors reads; late interaction does not see their ends")
        }
        guard let before = tokensBefore else { return }
        let wanted = TokenCodec.centroidCount(tokens: before + tokens)
        if !hasWarned, wanted * wanted > Self.mostGrowth * codec.centroidCount * codec.centroidCount {
            hasWarned = true
            progress.warn(
                "the centroids of token vectors were made for far fewer documents; building the index again makes late "
                    + "interaction faster and more accurate")
        }
        tokensBefore = before + tokens
    }

    /// Encodes an even sample of the passages, and makes a codec of it.
    ///
    /// - Returns: the codec, and the vectors of the sample by their passages, so that none is encoded twice.
    private func makeCodec(
        of texts: [String], _ progress: any ProgressReporter
    ) throws -> (TokenCodec, Sample) {
        let limit = embedder.longestPassage
        let total = max(1, embedder.lengths(of: texts).reduce(0) { $0 + min($1, limit) })
        let wanted = TokenCodec.sampleCount(tokens: total, dimension: embedder.dimension)
        let count = max(1, min(texts.count, (texts.count * wanted + total - 1) / total))
        let chosen = (0..<count).map { $0 * texts.count / count }
        progress.begin("sampling token vectors", total: count, unit: "passages")
        var sample = Sample(dimension: embedder.dimension)
        for start in stride(from: 0, to: count, by: Self.lotSize) {
            let lot = chosen[start..<min(start + Self.lotSize, count)]
            let encoded = try embedder.passages(lot.map { texts[$0] })
            sample.append(encoded, of: lot)
            progress.advance(lot.count)
        }
        progress.end()
        // Passages without a single token make a codec too: a later segment may have some.
        let vectors = sample.values.isEmpty ? Self.anyVector(embedder.dimension) : sample.values
        let codec = try TokenCodec(
            sample: vectors, dimension: embedder.dimension, bits: recipe.bits, tokens: total, progress: progress)
        return (codec, sample)
    }

    private static func anyVector(_ dimension: Int) -> [Float] {
        [Float](repeating: 1 / Float(dimension).squareRoot(), count: dimension)
    }
}

/// The token vectors of some passages, by their numbers.
private struct Sample {
    let dimension: Int
    private(set) var values: [Float] = []
    private(set) var cutTexts = 0
    /// Where a passage's tokens are in `values`.
    private var tokens: [Int: Range<Int>] = [:]

    init(dimension: Int) { self.dimension = dimension }

    mutating func append(_ vectors: TokenVectors, of passages: ArraySlice<Int>) {
        var start = values.count / dimension
        for (passage, count) in zip(passages, vectors.counts) {
            tokens[passage] = start..<start + count
            start += count
        }
        values += vectors.values
        cutTexts += vectors.cutTexts
    }

    func contains(_ passage: Int) -> Bool { tokens[passage] != nil }

    func vectors(of passage: Int) -> TokenVectors? {
        tokens[passage].map { range in
            TokenVectors(
                dimension: dimension,
                values: Array(values[range.lowerBound * dimension..<range.upperBound * dimension]),
                counts: [range.count])
        }
    }
}
