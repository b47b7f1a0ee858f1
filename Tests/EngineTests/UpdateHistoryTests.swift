import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlSubstringIndex
import TrawlTestSupport

@testable import TrawlEngine

/// Random histories of adding, replacing, deleting and compacting: after each step the index answers as one that was
/// built of the documents that are left, and a search that began before the step as before it.
@Suite struct UpdateHistoryTests {
    /// The model: what should be in the index, in order.
    private struct History {
        var random: SplitMix64
        var documents: [TestDocument] = []
        var created = 0

        mutating func newDocuments(_ count: Int) -> [TestDocument] {
            (0..<count).map { _ in
                created += 1
                return .random("d\(created)", &random)
            }
        }

        mutating func chosen(_ count: Int) -> [TestDocument] {
            var rest = documents
            return (0..<min(count, rest.count)).map { _ in rest.remove(at: random.below(rest.count)) }
        }

        mutating func remove(_ gone: [TestDocument]) {
            let ids = Set(gone.map(\.id))
            documents.removeAll { ids.contains($0.id) }
        }
    }

    @Test(arguments: [1, 2, 3])
    func everyStepAnswersLikeAFreshIndex(seed: UInt64) throws {
        try run(seed: seed, steps: 14, components: ["lexical", "generative"])
    }

    @Test func vectorsFollowTheSameHistory() throws {
        try run(seed: 4, steps: 6, components: IndexParts.default.defaultBuild)
    }

    /// A limit of little text makes several segments of one, leaves full ones alone and splits others.
    @Test func compactingIntoSeveralSegmentsKeepsEveryAnswer() throws {
        let folder = try UpdateFolder()
        let recipe = IndexRecipe.updates(["lexical", "generative"])
        var history = History(random: SplitMix64(seed: 9))
        history.documents = history.newDocuments(60)
        let path = try folder.build("a.trawl", history.documents, recipe)
        let updater = IndexUpdater(path: path, segmentTextBytes: 800)
        for round in 0..<4 {
            let gone = round == 3 ? [] : history.chosen(7)
            // Deleting merges nothing here, so that compacting has something to do.
            let keeping = IndexUpdater(path: path, segmentTextBytes: 1)
            _ = try keeping.delete(gone.map { DocumentID($0.id) })
            history.remove(gone)
            let before = try SearchIndex(path: path).snapshot.segments.map(\.info.number)
            let report = try updater.compact()
            let after = try SearchIndex(path: path).snapshot.segments.map(\.info.number)
            #expect(report.index.segments > 3 && report.index.deletedDocuments == 0)
            // Nothing was deleted before the last round, so all but the last segment, which may not be full, stay.
            if round == 3 { #expect(Array(after.dropLast()) == Array(before.dropLast())) }
            let fresh = try SearchIndex(path: folder.build("fresh-\(round).trawl", history.documents, recipe))
            let asked = try Questions(fresh, &history.random)
            let (found, expected) = (try asked.answers(SearchIndex(path: path)), try asked.answers(fresh))
            let isEqual = found == expected
            #expect(isEqual, "round \(round): \(Self.difference(found, expected))")
        }
        let failed = try Engine().check(path, sample: .max).filter { !$0.passed }
        #expect(failed.isEmpty, "\(failed)")
    }

    private func run(seed: UInt64, steps: Int, components: [String]) throws {
        let folder = try UpdateFolder()
        let recipe = IndexRecipe.updates(components)
        var history = History(random: SplitMix64(seed: seed))
        history.documents = history.newDocuments(30)
        let path = try folder.build("a.trawl", history.documents, recipe)
        for step in 0..<steps {
            let before = try SearchIndex(path: path)
            let asked = try Questions(before, &history.random)
            let answered = try asked.answers(before)
            try change(&history, step, path, folder)
            let isUnchanged = try asked.answers(before) == answered
            #expect(isUnchanged, "step \(step): the snapshot has changed")
            let after = try SearchIndex(path: path)
            let fresh = try SearchIndex(path: folder.build("fresh-\(step).trawl", history.documents, recipe))
            let (found, expected) = (try asked.answers(after), try asked.answers(fresh))
            let isEqual = found == expected
            #expect(isEqual, "step \(step) of history \(seed): \(Self.difference(found, expected))")
            #expect(after.documents.documentCount == history.documents.count)
            #expect(after.summary.segments <= 10)
            let failed = try Engine().check(path, sample: 5).filter { !$0.passed }
            #expect(failed.isEmpty, "step \(step): \(failed)")
        }
        try compactedIndexEqualsFreshOne(path, history.documents, recipe, folder)
    }

    private func change(_ history: inout History, _ step: Int, _ path: String, _ folder: UpdateFolder) throws {
        let updater = IndexUpdater(path: path, segmentTextBytes: 20_000)
        switch [0, 2, 0, 1, 2, 3, 1, 0][step % 8] {
        case 0:
            let added = history.newDocuments(1 + history.random.below(9))
            try add(added, replacing: false, path, folder)
            history.documents += added
        case 1:
            let replaced = history.chosen(1 + history.random.below(5)).map { old in
                TestDocument.random(old.id, &history.random)
            }
            let added = replaced + history.newDocuments(2)
            try add(added, replacing: true, path, folder)
            history.remove(replaced)
            history.documents += added
        case 2:
            let gone = history.chosen(1 + history.random.below(6))
            let report = try updater.delete(gone.map { DocumentID($0.id) })
            #expect(report.deleted == gone.count)
            history.remove(gone)
        default:
            let report = try updater.compact()
            #expect(report.index.segments == 1 && report.index.deletedDocuments == 0)
        }
    }

    private func add(_ documents: [TestDocument], replacing: Bool, _ path: String, _ folder: UpdateFolder) throws {
        // Little text a segment makes several of one run.
        _ = try IndexBuilder(
            addingTo: path, replacing: replacing, engine: Engine(), progress: .silent, segmentTextBytes: 1500
        ).run(CorpusRecipe().documents(paths: [folder.corpus(documents)]))
    }

    /// Every blob of a compacted index is that of an index built of its documents.
    private func compactedIndexEqualsFreshOne(
        _ path: String, _ documents: [TestDocument], _ recipe: IndexRecipe, _ folder: UpdateFolder
    ) throws {
        _ = try IndexUpdater(path: path).compact()
        let merged = try SearchIndex(path: path).snapshot.segments
        let built = try SearchIndex(path: folder.build("last.trawl", documents, recipe)).snapshot.segments
        #expect(merged.count == 1 && built.count == 1)
        #expect(merged[0].info.documentCount == built[0].info.documentCount)
        let kinds = try built[0].blobSizes().map(\.kind)
        #expect(try merged[0].blobSizes().map(\.kind) == kinds)
        for kind in kinds {
            // Vectors depend, in their last bits, on what was embedded together.
            if kind == 30 { continue }
            #expect(try Self.bytes(merged[0], kind) == Self.bytes(built[0], kind), "blob \(kind)")
        }
    }

    private static func bytes(_ segment: SegmentReader, _ kind: UInt16) throws -> [UInt8] {
        for size in [1, 4, 8, 16, 24, 32, 64, 256, 512, 1024] {
            guard let blob = try? segment.blob(BlobKind(number: kind, "blob"), recordSize: size) else { continue }
            return try blob.bytes(in: 0..<blob.byteCount)
        }
        Issue.record("blob \(kind) has records of another size")
        return []
    }

    private static func difference(_ a: Answers, _ b: Answers) -> String {
        let parts = zip(Mirror(reflecting: a).children, Mirror(reflecting: b).children)
        return parts.filter { "\($0.value)" != "\($1.value)" }.map {
            "\($0.label ?? ""): \($0.value) is not \($1.value)"
        }
        .joined(separator: "\n")
    }

    /// What is asked of an index before and after a step.
    private struct Questions {
        var queries: [String] = []
        var ngrams: [[TokenID]] = []
        var vectors: [[Float]] = []

        /// Draws n-grams from the passages of `index`, and words that need not occur.
        init(_ index: SearchIndex, _ random: inout SplitMix64) throws {
            let words = TestDocument.vocabulary
            queries = (0..<12).map { _ in
                (0...random.below(3)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
            }
            if index.recipe.build.contains("generative") {
                let substrings = try index.substringIndex()
                ngrams = [[substrings.boundary]]
                let live = try index.snapshot.segments.flatMap { segment in
                    try segment.livePassages().flatMap { run in run.map { PassageID(segment.passageBase + $0) } }
                }
                for round in 0..<60 where !live.isEmpty {
                    let text = try [substrings.boundary] + substrings.tokens(of: live[random.below(live.count)])
                    let start = random.below(text.count)
                    ngrams.append(Array(text[start..<min(text.count, start + 1 + round % 4)]))
                }
            }
            if index.recipe.build.contains("dense") {
                vectors = (0..<4).map { _ in (0..<384).map { _ in Float(random.below(2001) - 1000) } }
            }
        }

        func answers(_ index: SearchIndex) throws -> Answers {
            try Answers(index, queries: queries, ngrams: ngrams, vectors: vectors)
        }
    }
}
