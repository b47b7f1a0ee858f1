import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex
import TrawlStore
import TrawlSubstringIndex
import TrawlTestSupport
import TrawlVectorIndex

@testable import TrawlEngine

/// Indexes of a part of the documents, which together are one index.
@Suite struct ShardedBuildTests {
    /// Building, adding, replacing, deleting and compacting, in any order.
    @Test(arguments: [1, 2])
    func shardsAgreeWithOneIndexAfterEveryChange(seed: UInt64) throws {
        let fixture = try ShardFixture(shards: 3)
        let (folder, engine) = (fixture.folder, fixture.engine)
        var random = SplitMix64(seed: seed)
        var created = 0
        func new(_ count: Int) -> [TestDocument] {
            (0..<count).map { _ in
                created += 1
                return .random("d\(created)", &random)
            }
        }
        try fixture.build([folder.corpus(new(40))])
        try fixture.expectAgreement("built")
        for step in 0..<14 {
            let ids = try fixture.order([fixture.one])
            let chosen = (0..<5).map { _ in ids[random.below(ids.count)] }
            switch random.below(4) {
            case 0:
                let path = try folder.corpus(new(1 + random.below(9)))
                try fixture.each { try engine.add(CorpusReader(paths: [path]).makeIterator(), to: $0) }
            case 1:
                let path = try folder.corpus(Set(chosen).sorted().map { .random($0, &random) } + new(3))
                try fixture.each {
                    try engine.add(CorpusReader(paths: [path]).makeIterator(), to: $0, replacing: true)
                }
            case 2:
                try fixture.each { try engine.delete(chosen.map { DocumentID($0) }, from: $0, ignoringMissing: true) }
            default: try engine.compact(fixture.shards[random.below(3)])
            }
            try fixture.expectAgreement("step \(step)")
        }
        #expect(Set(try fixture.shards.map { try engine.open($0).shard?.additions }).count == 1)
    }

    @Test func positionsCountAllRecordsOfTheCorpus() throws {
        let fixture = try ShardFixture(shards: 4)
        let corpus = fixture.folder.path + "/corpus.jsonl"
        let lines = (0..<30).map { $0 == 7 ? #"{"_id":"d7","text":" "}"# : #"{"_id":"d\#($0)","text":"some text"}"# }
        try lines.joined(separator: "\n").write(toFile: corpus, atomically: true, encoding: .utf8)
        try fixture.build([corpus])
        var expected = Dictionary(uniqueKeysWithValues: (0..<30).filter { $0 != 7 }.map { ("d\($0)", UInt64($0)) })
        #expect(try fixture.positions() == expected)
        // The first addition has a document of one shard only, and counts for all.
        for (addition, name) in [(1, "x"), (2, "y")] {
            let path = try fixture.folder.corpus([TestDocument(id: name, title: "", text: "more")])
            try fixture.each { try fixture.engine.add(CorpusReader(paths: [path]).makeIterator(), to: $0) }
            expected[name] = UInt64(addition) << 40
        }
        #expect(try fixture.positions() == expected)
        for path in fixture.shards { try fixture.engine.compact(path) }
        #expect(try fixture.positions() == expected)
        try fixture.expectAgreement()
    }

    /// A file that is a document counts in every shard, and is read by the one that it belongs to.
    @Test func filesOfOtherShardsAreNotRead() throws {
        let fixture = try ShardFixture(shards: 3)
        let notes = fixture.folder.path + "/notes"
        try FileManager.default.createDirectory(atPath: notes, withIntermediateDirectories: true)
        for name in 0..<12 {
            try "note \(name)".write(toFile: "\(notes)/\(name).txt", atomically: true, encoding: .utf8)
        }
        try Data([0x61, 0xFF, 0xFE, 0x62]).write(to: URL(filePath: notes + "/3.txt"))
        var skipped = 0
        for number in 0..<3 {
            let documents = try CorpusReader(paths: [notes]).makeIterator()
            // With a language nothing is sampled.
            var recipe = fixture.recipe
            try recipe.lexical.set(language: "english")
            try fixture.engine.build(
                RecipeFile(recipe), at: fixture.shards[number], documents: documents, shard: ShardNumber(number, of: 3))
            skipped += documents.summary.skipped.count
            #expect(documents.summary.documents + documents.summary.passedOver + documents.summary.skipped.count == 12)
        }
        #expect(skipped == 1)
        let order = (0..<12).map { "\($0).txt" }.sorted().filter { $0 != "3.txt" }
        #expect(try fixture.order(fixture.shards) == order)
    }

    /// A record that only its own shard reads to the end counts in all, so that positions agree.
    @Test func aBadRecordOfOneShardMovesNoPosition() throws {
        let fixture = try ShardFixture(shards: 3)
        let lines = (0..<12).map { #"{"_id":"d\#($0)","\#($0 == 3 ? "words" : "text")":"same text"}"# }
        let path = fixture.folder.path + "/lines.jsonl"
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        var recipe = fixture.recipe
        try recipe.lexical.set(language: "english")
        var skipped = 0
        for (number, shard) in fixture.shards.enumerated() {
            let documents = try CorpusReader(paths: [path], onBadInput: .skip).makeIterator()
            try fixture.engine.build(
                RecipeFile(recipe), at: shard, documents: documents, shard: ShardNumber(number, of: 3))
            skipped += documents.summary.skipped.count
        }
        #expect(skipped == 1)
        let order = (0..<12).filter { $0 != 3 }.map { "d\($0)" }
        #expect(try fixture.order(fixture.shards) == order)
        #expect(try fixture.positions()["d11"] == 11)
    }

    @Test func synchronisedShardsAgreeWithOneIndex() throws {
        let fixture = try ShardFixture(shards: 3)
        let notes = fixture.folder.path + "/notes"
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(notes)/\(name)", atomically: false, encoding: .utf8)
            // A change in the same tick of the clock would not be seen.
            usleep(20_000)
        }
        try FileManager.default.createDirectory(atPath: notes, withIntermediateDirectories: true)
        for name in ["a", "b", "c", "d", "e", "f", "g"] { try write(name + ".txt", "text of \(name)") }
        try fixture.build([notes])
        try write("c.txt", "changed")
        try write("h.txt", "new")
        try FileManager.default.removeItem(atPath: notes + "/a.txt")
        var changed = 0
        for (number, path) in fixture.shards.enumerated() {
            let report = try fixture.engine.synchronise(
                path, with: CorpusReader(paths: [notes]), shard: ShardNumber(number, of: 3))
            changed += report.added + report.replaced + report.removed
        }
        try fixture.engine.synchronise(fixture.one, with: CorpusReader(paths: [notes]))
        #expect(changed == 3)
        try fixture.expectAgreement()
        #expect(try fixture.order(fixture.shards).suffix(2) == ["c.txt", "h.txt"])
    }

    /// A shard of one English document has the language of the German corpus, as all others have.
    @Test func recipeIsCompletedByTheWholeCorpus() throws {
        let folder = try UpdateFolder()
        let german = (0..<30).map {
            TestDocument(
                id: "de\($0)", title: "", text: "der mond zieht das meer und die welle steigt \($0) mal am tag")
        }
        let english = TestDocument(
            id: "en", title: "", text: "the houses of the city and the farms of the land are old")
        var recipe = IndexRecipe(build: ["lexical"])
        recipe.corpus.paths = [try folder.corpus(german + [english])]
        let shard = try ShardNumber(ShardAssignment.shard(of: DocumentID("en"), count: 4096), of: 4096)
        let path = folder.path + "/en.trawl"
        try Engine().build(RecipeFile(recipe), at: path, shard: shard)
        let index = try Engine().open(path)
        #expect(index.documents.documentCount == 1)
        try Engine().build(RecipeFile(recipe), at: folder.path + "/one.trawl")
        #expect(try index.recipe == Engine().open(folder.path + "/one.trawl").recipe)
        #expect(index.recipe.lexical.analysis.summary.contains("german"))
    }

    @Test func oneDocumentMakesOneShardAndEmptyOnes() throws {
        let fixture = try ShardFixture(shards: 3, ["lexical", "dense", "generative"])
        try fixture.build([
            fixture.folder.corpus([TestDocument(id: "only", title: "", text: "the moon pulls the oceans")])
        ])
        try fixture.expectAgreement()
        let home = ShardAssignment.shard(of: DocumentID("only"), count: 3)
        for (number, path) in fixture.shards.enumerated() {
            let index = try fixture.engine.open(path)
            #expect(index.documents.documentCount == (number == home ? 1 : 0))
            #expect(index.summary.shard == (try ShardNumber(number, of: 3)))
            #expect(try index.digest().count == 64)
            let settings = SearchSettings()
            for mode in [SearchMode.lexical, SearchMode(rawValue: "dense")] {
                var settings = settings
                settings.mode = mode
                let found = try fixture.engine.search("moon", in: index, settings)
                #expect(found.hits.count == (number == home ? 1 : 0))
            }
            #expect(try index.substringIndex().passageCount == (number == home ? 1 : 0))
            try fixture.engine.compact(path)
        }
        // What falls to shards that were empty.
        let more = try fixture.folder.corpus((0..<9).map { TestDocument(id: "n\($0)", title: "", text: "more \($0)") })
        try fixture.each { try fixture.engine.add(CorpusReader(paths: [more]).makeIterator(), to: $0) }
        try fixture.expectAgreement()
    }

    @Test func emptyCorpusIsAnErrorInEveryShard() throws {
        let fixture = try ShardFixture(shards: 2)
        let path = try fixture.folder.corpus([])
        #expect(errorText { try fixture.build([path]) }.contains("there is no document in it"))
        #expect(throws: TrawlError.self) {
            try fixture.engine.build(
                RecipeFile(fixture.recipe), at: fixture.shards[0],
                documents: CorpusReader(paths: [path]).makeIterator(),
                shard: ShardNumber(0, of: 2))
        }
        #expect(!Store.exists(at: fixture.shards[0]))
    }

    @Test func buildingAgainGivesTheSameIndex() throws {
        var random = SplitMix64(seed: 5)
        let fixture = try ShardFixture(shards: 2, ["lexical", "generative"])
        let corpus = try fixture.folder.corpus((0..<50).map { .random("d\($0)", &random) })
        try fixture.build([corpus])
        let data = { try Data(contentsOf: URL(filePath: fixture.shards[1] + "/data.mdb")) }
        let (digest, bytes) = (try fixture.engine.open(fixture.shards[1]).digest(), try data())
        try SearchIndex.remove(path: fixture.shards[1])
        try fixture.build([corpus])
        #expect(try fixture.engine.open(fixture.shards[1]).digest() == digest)
        #expect(try data() == bytes)
        // An addition that brought nothing to this shard is one all the same.
        let foreign = try #require(
            (0..<100).map { "x\($0)" }.first { try !ShardNumber(1, of: 2).contains(DocumentID($0)) })
        try fixture.engine.add(DocumentList([Document(id: foreign, text: "more")]), to: fixture.shards[1])
        let index = try fixture.engine.open(fixture.shards[1])
        #expect(index.shard?.additions == 1)
        #expect(try !index.documents.contains(DocumentID(foreign)))
        #expect(try index.digest() != digest)
    }

    @Test func anErrorLeavesNothing() throws {
        let fixture = try ShardFixture(shards: 2)
        let twice = TestDocument(id: "twice", title: "", text: "a text")
        var recipe = fixture.recipe
        recipe.corpus.paths = [try fixture.folder.corpus([twice, twice])]
        let home = ShardAssignment.shard(of: DocumentID("twice"), count: 2)
        for number in 0..<2 {
            let failure = errorText {
                try fixture.engine.build(
                    RecipeFile(recipe), at: fixture.shards[number], shard: ShardNumber(number, of: 2))
            }
            #expect(failure.contains("not unique") == (number == home))
            #expect(Store.exists(at: fixture.shards[number]) != (number == home))
        }
    }

    @Test func anotherShardIsRefused() throws {
        let fixture = try ShardFixture(shards: 2)
        try fixture.build([fixture.folder.corpus([TestDocument(id: "a", title: "", text: "a text")])])
        let new = { try CorpusReader(paths: [fixture.folder.corpus([])]) }
        let (first, other) = (fixture.shards[0], try ShardNumber(1, of: 2))
        for error in [
            errorText { try fixture.engine.add(new().makeIterator(), to: first, shard: other) },
            errorText { try fixture.engine.synchronise(first, with: new(), shard: other) },
        ] { #expect(error.contains("the index is shard 0 of 2, not 1 of 2") && error.contains(first), "\(error)") }
        let whole = errorText { try fixture.engine.add(new().makeIterator(), to: fixture.one, shard: other) }
        #expect(whole.contains("the index is not a shard"), "\(whole)")
    }

    @Test func checkFindsDocumentsOfOtherShardsAndDamagedRecords() throws {
        let fixture = try ShardFixture(shards: 2)
        try fixture.build([fixture.folder.corpus((0..<9).map { TestDocument(id: "\($0)", title: "", text: "text") })])
        func failures(_ path: String) throws -> String {
            try fixture.engine.check(path).filter { !$0.passed }.map { "\($0.name): \($0.detail ?? "")" }.joined()
        }
        let record = Array(#"{"additions":0,"count":2,"hash":1,"number":1}"#.utf8)
        try ShardFixture.overwriteRecord(of: fixture.shards[0], with: record)
        #expect(try failures(fixture.shards[0]).contains("does not belong to shard 1 of 2"))
        try ShardFixture.overwriteRecord(of: fixture.one, with: record)
        #expect(try failures(fixture.one).contains("has lost the positions"))
        for (text, reason) in [
            (#"{"additions":0,"count":2,"hash":2,"number":1}"#, "divided into shards by hash 2"),
            (#"{"additions":0,"count":2,"hash":1,"number":2}"#, "there is no shard 2 of 2"),
            (#"{"additions":-1,"count":2,"hash":1,"number":1}"#, "-1 additions"),
            ("{}", "the stored shard cannot be read"),
        ] {
            try ShardFixture.overwriteRecord(of: fixture.shards[1], with: Array(text.utf8))
            let error = errorText { try fixture.engine.open(fixture.shards[1]) }
            #expect(error.contains(reason), "\(error)")
        }
    }

    @Test func additionsHaveALimitThatIsAnError() throws {
        let fixture = try ShardFixture(shards: 2)
        try fixture.build([fixture.folder.corpus([TestDocument(id: "a", title: "", text: "a text")])])
        try ShardFixture.overwriteRecord(
            of: fixture.shards[0], with: Array(#"{"additions":16777215,"count":2,"hash":1,"number":0}"#.utf8))
        let error = errorText { try fixture.engine.add(DocumentList([]), to: fixture.shards[0]) }
        #expect(error.contains("which is the limit") && error.contains("build the index again"), "\(error)")
    }

    /// A segment whose postings are damaged is indexed again, with the positions that its documents had.
    @Test func repairKeepsTheRecordAndPositions() throws {
        let fixture = try ShardFixture(shards: 2)
        let documents = (0..<60).map { TestDocument(id: "d\($0)", title: "", text: "term\(1000 + $0) text") }
        try fixture.build([fixture.folder.corpus(documents)])
        let more = try fixture.folder.corpus((0..<9).map { TestDocument(id: "n\($0)", title: "", text: "new \($0)") })
        try fixture.each { try fixture.engine.add(CorpusReader(paths: [more]).makeIterator(), to: $0) }
        let expected = (try fixture.order([fixture.shards[0]]), try fixture.engine.open(fixture.shards[0]).shard)
        let copy = try TemporaryFolder(copyOf: fixture.shards[0])
        var bytes = try copy.bytes("data.mdb")
        // Keys in the table of terms, which come before postings and not before a blank.
        let key = Array("term10".utf8)
        for start in 0..<bytes.count - 8 where bytes[start] == key[0] && bytes[start..<start + 6] == key[...] {
            if bytes[start + 8] != UInt8(ascii: " ") { bytes[start + 6] = UInt8(ascii: "x") }
        }
        try copy.write("data.mdb", bytes)
        for (source, outcome) in [(fixture.shards[0], RepairReport.Outcome.copied), (copy.path, .rebuilt)] {
            let saved = fixture.folder.path + "/saved-\(outcome).trawl"
            let report = try fixture.engine.repair(source, to: saved)
            #expect(report.isComplete && report.segments.contains { $0.outcome == outcome }, "\(report)")
            #expect(try fixture.order([saved]) == expected.0)
            #expect(try fixture.engine.open(saved).shard == expected.1)
        }
    }
}
