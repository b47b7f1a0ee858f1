import Testing
import TrawlCore
import TrawlCorpus
import TrawlSenses
import TrawlTestSupport

@testable import TrawlEngine

/// Senses as an index stores them.
@Suite struct IndexSensesTests {
    private static func senses() throws -> IndexSenses {
        var builder = SenseTextBuilder()
        for number in 0..<60 {
            for word in ["tide", "moon", number % 2 == 0 ? "sea" : "loan"] { builder.add(term: word, form: word) }
            builder.endText()
        }
        var training = SenseTraining()
        (training.dimensions, training.senses) = (16, 2)
        let model = try training.model(of: builder.finish(minimumCount: 2, maximumWords: 100))
        return IndexSenses(model, documents: 60, digest: "abc")
    }

    @Test func storedSensesAreTheSameAndDamageIsNamed() throws {
        let senses = try Self.senses()
        let bytes = try senses.encoded()
        let read = try IndexSenses(decoding: bytes)
        #expect(try read.encoded() == bytes && read.documents == 60 && read.digest == "abc")
        #expect(read.model.words == senses.model.words)
        for position in stride(from: 0, to: bytes.count, by: 97) {
            var damaged = bytes
            damaged[position] ^= 1
            #expect {
                try IndexSenses(decoding: damaged)
            } throws: {
                ($0 as? TrawlError)?.code == .corrupted
            }
        }
        for count in [0, 7, 8, 100, bytes.count - 1] {
            #expect(throws: TrawlError.self) { try IndexSenses(decoding: Array(bytes.prefix(count))) }
        }
    }

    @Test func aReferenceIsAWordAndANumber() {
        #expect(SenseReference("bank#2") == SenseReference(word: "bank", sense: 2))
        #expect(SenseReference("c##1") == SenseReference(word: "c#", sense: 1))
        for text in ["bank", "#2", "bank#", "bank#0", "bank#x", "bank#-1"] { #expect(SenseReference(text) == nil) }
        #expect("\(SenseReference(word: "bank", sense: 2))" == "bank#2")
    }

    @Test func aSearchFindsPassagesWithTheSenseAloneByAnyMethod() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.trawl")
        let engine = Engine()
        var recipe = IndexRecipe(build: ["lexical"])
        recipe.passages.size = .words(4)
        let documents = try (0..<40).map { number in
            try Document(
                id: "d\(number)", title: number % 4 == 0 ? "Moon" : "",
                text: number % 2 == 0 ? "tide moon sea sea tide sea sea sea" : "loan moon cash cash loan cash cash cash"
            )
        }
        try engine.build(RecipeFile(recipe), at: path, documents: DocumentList(documents))
        var settings = try engine.open(path).settings
        settings.senses = [SenseReference(word: "moon", sense: 1)]
        #expect(throws: TrawlError.self) { try engine.search("moon", in: engine.open(path), settings) }
        var builder = SenseTextBuilder()
        for number in 0..<200 {
            for word in number % 2 == 0 ? ["tide", "moon", "sea"] : ["loan", "moon", "cash"] {
                builder.add(term: word == "tide" ? "tide" : word, form: word)
            }
            builder.endText()
        }
        var training = SenseTraining()
        (training.dimensions, training.senses, training.passes) = (16, 2, 20)
        let model = try training.model(of: builder.finish(minimumCount: 2, maximumWords: 100))
        try engine.setSenses(IndexSenses(model, documents: 40, digest: ""), of: path)
        let index = try engine.open(path)
        let senses = try index.requiredSenses()
        let moon = try index.word("Moon", in: senses)
        let all = try index.occurrences(of: moon, in: senses)
        #expect(all.count == 50)
        (settings.limit, settings.collapsesDocuments) = (100, false)
        var found = 0
        for sense in 1...model.senseCount(of: moon) {
            settings.senses = [SenseReference(word: "moon", sense: sense)]
            let hits = try engine.search("moon tide loan", in: index, settings).hits
            let expected = Set(all.filter { $0.sense == sense - 1 }.map(\.document))
            #expect(Set(hits.map(\.document)) == expected)
            found += hits.count
        }
        #expect(found > 0)
    }
}
