import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlLateIndex
import TrawlLexicalIndex
import TrawlSenses
import TrawlStore
import TrawlSubstringIndex
import TrawlTestSupport
import TrawlVectorIndex

extension FuzzTarget {
    /// Indexes whose blobs and records are damaged below their checksums. An input is a list of changes, see `DamagedIndex`.
    static var indexes: [FuzzTarget] {
        [
            index("index-documents", 1...9) { index, _ in
                try? index.documents.forEachDocument { _ = ($0.title, $0.text, $0.metadata, $0.headings, $0.passages) }
                for number in 0..<UInt32(min(index.documents.passageCount, 40)) {
                    guard let passage = try? index.documents.passage(PassageID(number)) else { continue }
                    _ = (passage.content, passage.section)
                    _ = try? index.documents.document(passage.document)
                }
                for id in ["d0", "d7", "none"] { _ = try? index.documents.passages(of: DocumentID(id)) }
                _ = try? DocumentExport(index).forEachLine { _ in }
                try search(index, .lexical)
            },
            part("index-lexical", 10...19) { snapshot, sound in
                let searcher = try LexicalSearcher(snapshot.segments, settings: sound.index.recipe.lexical.analysis)
                for query in ["moon water", "the", "birds sing when ice melts", "a"] {
                    _ = try? searcher.search(query, k: 10)
                    _ = try? searcher.highestScore(of: query)
                    _ = try? searcher.explain(query, passage: PassageID(3))
                }
            },
            part("index-substrings", 20...29) { snapshot, _ in
                let substrings = try SubstringIndex(snapshot)
                for start in 0..<12 { walk(substrings, from: TokenID(start * 17)) }
                for passage in 0..<5 { _ = try? substrings.tokens(of: PassageID(UInt32(passage))) }
            },
            vectors("index-vectors") { _ in },
            vectors("index-halves") { ($0.vectors.structure, $0.vectors.format) = (.exact, .f16) },
            vectors("index-codes") {
                ($0.vectors.structure, $0.vectors.format, $0.vectors.metric) = (.binary, .int8, .euclidean)
            },
            vectors("index-learned-codes") {
                // A code has 32 bits at least, and no more than a vector has dimensions.
                $0.model = TestFiles.repository("Tests/EmbeddingsTests/Golden/tiny-qwen3")
                ($0.vectors.structure, $0.vectors.codes, $0.vectors.codeBits) = (.binary, .learned, 32)
            },
            part("index-late", 50...59) { snapshot, _ in
                guard let stored = try snapshot.metadata("late") else { return }
                let searcher = try LateSearcher(
                    snapshot.segments, codec: TokenCodec(encoded: stored, path: snapshot.path))
                _ = try? searcher.score(
                    [Float](repeating: 0.5, count: searcher.codec.dimension), passages: [PassageID(1)])
                let query = (0..<3 * searcher.codec.dimension).map { Float($0 % 5) - 2 }
                _ = try? searcher.search(query, k: 10)
                var options = LateSearchOptions()
                options.isExact = true
                _ = try? searcher.search(query, k: 10, options)
                for passage in 0..<5 { _ = try? searcher.vectors(of: PassageID(UInt32(passage))) }
                _ = try searcher.bestTokens(query, in: PassageID(2))
            },
            index("index-deletions", 40...49) { index, _ in
                try? index.documents.forEachDocument { _ = $0.text }
                for segment in index.snapshot.segments { _ = try? segment.livePassages() }
                _ = try? index.substringIndex().passages(containing: index.substringIndex().root, limit: 100)
                try search(index, .lexical)
            },
            index("index-phrases", 20...29) { index, _ in
                let finder = try PhraseFinder(index: index)
                var options = PhraseFinder.Options()
                (options.passages, options.continuations) = (5, 5)
                _ = try finder.find(PhraseQuery("moon AND water"), named: "moon", options)
            },
            index("index-names", 0...0) { index, _ in
                _ = index.settings
                _ = try? index.fittedFusion()
                _ = try? index.open(LatePart())
                _ = try? index.substringIndex()
                try search(index, .lexical)
            },
            FuzzTarget("senses", maximumBytes: 1 << 13, seeds: [try senses()]) { _ in
                { bytes in
                    let model = try IndexSenses(decoding: bytes + checksum(bytes)).model
                    for word in model.words.indices.prefix(3) {
                        _ = model.similarities(of: word, context: [0])
                        _ = model.neighbours(of: word, sense: 0, limit: 3)
                    }
                }
            },
            FuzzTarget("query-adapter", maximumBytes: 1 << 12, seeds: try queryAdapters()) { _ in
                { bytes in
                    let adapter = try QueryAdapter(decoding: bytes + checksum(bytes))
                    let query = [Float](repeating: 0.5, count: adapter.dimension)
                    _ = adapter.moved(query)
                    _ = adapter.memory?.recollections(of: query)
                }
            },
        ]
    }

    /// Stored adapters without their checksums: one that moves queries, and one that remembers some too.
    private static func queryAdapters() throws -> [[UInt8]] {
        let adapter = QueryAdapter(
            down: [1, 0, 0, 1], up: [0.5, 0, 0, 0.5], bias: [0, 0.1], queries: 3, embedder: "model")
        var remembering = adapter
        remembering.memory = QueryMemory(
            [.init(text: "moon", documents: [DocumentID("d0"), DocumentID("d7")], shares: [1, 0.5])],
            vectors: [0.6, 0.8], dimension: 2, weight: 1, threshold: 0.5)
        return try [adapter, remembering].map { try Array($0.encoded().dropLast(4)) }
    }

    /// Stored senses without their checksum.
    private static func senses() throws -> [UInt8] {
        var builder = SenseTextBuilder()
        for word in ["moon", "tide", "moon", "sea"] { builder.add(term: word, form: word) }
        builder.endText()
        var training = SenseTraining()
        (training.dimensions, training.senses, training.passes) = (16, 2, 1)
        let model = try training.model(of: builder.finish(minimumCount: 1, maximumWords: 10))
        return try Array(IndexSenses(model, documents: 1, digest: "d").encoded().dropLast(4))
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: bytes.withUnsafeBytes { crc32($0) }.littleEndian) { Array($0) }
    }

    private static func index(
        _ name: String, _ numbers: ClosedRange<UInt16>, _ read: @escaping (SearchIndex, SoundIndex) throws -> Void
    ) -> FuzzTarget {
        damaged(name, numbers) { path, sound in try read(sound.engine.open(path), sound) }
    }

    /// A target of the structure of one part, without the recipe and the documents, whose reading takes most of the time.
    private static func part(
        _ name: String, _ numbers: ClosedRange<UInt16>, _ read: @escaping (Snapshot, SoundIndex) throws -> Void
    ) -> FuzzTarget {
        damaged(name, numbers) { path, sound in try read(Store.open(at: path).snapshot(), sound) }
    }

    /// A target of vectors in one of the structures.
    private static func vectors(_ name: String, _ recipe: @escaping (inout DenseRecipe) -> Void) -> FuzzTarget {
        damaged(name, 30...39, recipe) { path, _ in
            let searcher = try VectorSearcher(Store.open(at: path).snapshot().segments)
            let query = (0..<searcher.dimension).map { Float($0 % 7) - 3 }
            for isExact in [true, false] {
                var options = VectorSearchOptions()
                options.isExact = isExact
                _ = try? searcher.search(query, k: 10, options)
            }
            for passage in 0..<5 { _ = try? searcher.vector(of: PassageID(UInt32(passage))) }
            _ = try searcher.score(query, passages: [PassageID(0), PassageID(3)])
        }
    }

    private static func damaged(
        _ name: String, _ numbers: ClosedRange<UInt16>, _ dense: @escaping (inout DenseRecipe) -> Void = { _ in },
        _ read: @escaping (String, SoundIndex) throws -> Void
    ) -> FuzzTarget {
        FuzzTarget(name, maximumBytes: 64, seeds: DamagedIndex.seeds) { folder in
            let sound = try SoundIndex(in: folder, dense: dense)
            return { bytes in
                let path = try DamagedIndex(sound, numbers, changes: bytes).path
                defer { try? FileManager.default.removeItem(atPath: path) }
                // What reads all takes longest, and an error of one does not stop the others.
                defer {
                    if bytes.reduce(0, ^) % 16 == 0 {
                        _ = try? sound.engine.check(path, sample: 3)
                        _ = try? sound.engine.compact(path)
                    }
                }
                try read(path, sound)
            }
        }
    }

    private static func search(_ index: SearchIndex, _ mode: SearchMode) throws {
        var settings = SearchSettings(mode: mode)
        settings.explains = true
        settings.conditions = [try DocumentCondition("year > 1990 OR kind = text")]
        _ = try Engine().search("moon water", in: index, settings)
    }

    /// Walks along the likeliest continuations of a token.
    private static func walk(_ substrings: SubstringIndex, from token: TokenID) {
        var ngram = [token]
        guard var range = substrings.range(of: ngram) else { return }
        for _ in 0..<6 {
            _ = substrings.passages(containing: range, limit: 20)
            _ = try? substrings.positions(of: ngram, limit: 20)
            guard let next = substrings.nextTokens(range).max(by: { ($0.count, $1.token) < ($1.count, $0.token) }),
                let longer = substrings.extend(range, by: next.token)
            else { return }
            ngram.append(next.token)
            range = longer
        }
    }
}

/// A small index with all parts, two segments and a deletion set.
final class SoundIndex {
    let engine = Engine()
    let folder: FuzzFolder
    let path: String
    let index: SearchIndex
    /// All that it stores.
    let values: [StoredValue]
    let metadata: [(name: String, bytes: [UInt8])]

    /// - Parameters:
    ///   - shard: Which of how many shards of the index it is; nil for the whole.
    ///   - dense: What differs from 12 dimensions in a graph.
    init(
        in folder: FuzzFolder, shard: ShardNumber? = nil, dense: (inout DenseRecipe) -> Void = { _ in }
    ) throws {
        self.folder = folder
        path = "\(folder.path)/sound\(shard.map { "-\($0.number)" } ?? "").trawl"
        var recipe = IndexRecipe(
            passages: PassageRecipe(size: .words(12), overlap: 3), build: ["lexical", "dense", "generative", "late"])
        recipe.dense.model = TestFiles.repository("Tests/EmbeddingsTests/Golden/norm-then-dense")
        recipe.dense.vectors.structure = .graph
        dense(&recipe.dense)
        recipe.late.model = TestFiles.repository("Tests/EmbeddingsTests/Golden/tiny-colbert")
        recipe.generative.model = TestFiles.repository("Tests/RerankingTests/Golden/tiny-yes-no")
        try engine.build(
            RecipeFile(recipe), at: path, documents: DocumentList(try Self.documents(0..<24)), shard: shard)
        try engine.add(DocumentList(try Self.documents(24..<27)), to: path, shard: shard)
        let whole = try engine.open(path)
        let gone = try [DocumentID("d5"), DocumentID("d6")].filter { try whole.documents.document($0) != nil }
        if !gone.isEmpty { try engine.delete(gone, from: path) }
        let index = try engine.open(path)
        self.index = index
        values = try index.snapshot.segments.flatMap { segment in
            try segment.storedValues() + (segment.deletionReader?.storedValues() ?? [])
        }
        metadata = try ["recipe", "fingerprints", "vocabulary", "late", "fusion", "files"].compactMap { name in
            try index.snapshot.metadata(name).map { (name, $0) }
        }
    }

    private static func documents(_ numbers: Range<Int>) throws -> [Document] {
        let words = """
            the moon pulls oceans which rise and fall twice a day plants turn light water carbon dioxide into sugar wall \
            built across north of China deserts move with wind rivers carve valleys stars shine because hydrogen fuses
            """.split(separator: " ")
        return try numbers.map { number in
            var random = SplitMix64(seed: UInt64(number))
            // A long one, so that some words have more postings than a block.
            let text = (0..<(number == 23 ? 3000 : 5 + number)).map { _ in
                words[random.below(1 + random.below(words.count))]
            }
            return try Document(
                id: "d\(number)", title: number % 3 == 0 ? "Title \(number)" : "", text: text.joined(separator: " "),
                metadata: ["year": "\(1980 + number)", "kind": "text"])
        }
    }
}

/// A copy of an index in which bytes were changed before checksums were made, so that damage reaches the readers.
///
/// An input is a list of changes of 8 bytes: which value (u16, of the records and blobs in a range of numbers), where (u24, by
/// its share of the value), how (u8), with what (u16).
final class DamagedIndex {
    let path: String

    static let seeds: [[UInt8]] = (0..<32).map { number in
        var random = SplitMix64(seed: UInt64(number))
        return (0..<8 * (1 + number % 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    init(_ sound: SoundIndex, _ numbers: ClosedRange<UInt16>, changes: [UInt8]) throws {
        path = "\(sound.folder.path)/damaged.trawl"
        try? FileManager.default.removeItem(atPath: path)
        var (values, metadata) = (sound.values, sound.metadata)
        let targets = values.indices.filter { numbers.contains(values[$0].number) }
        for start in stride(from: 0, to: changes.count - 7, by: 8) {
            let change = changes[start..<start + 8].map(Int.init)
            let chosen = change[0] | change[1] << 8
            if numbers == 0...0 {
                ByteChange.apply(change, to: &metadata[chosen % metadata.count].bytes)
            } else if !targets.isEmpty {
                let target = targets[chosen % targets.count]
                ByteChange.apply(change, to: &values[target].bytes)
            }
        }
        let session = try Store.create(at: path).write()
        for (name, bytes) in metadata { session.setMetadata(name, bytes: bytes) }
        try session.putStored(values)
        try session.commit(segments: sound.index.snapshot.manifest.segments)
    }
}
