import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

@Suite struct BoundedDraftTests {
    /// Ids, entries and arrays take memory too: many short documents fill a segment as a few long ones do.
    @Test func shortDocumentsFillSegments() throws {
        let folder = try UpdateFolder()
        let documents = (0..<500).map { TestDocument(id: "d\($0)", title: "", text: "w\($0 % 7)") }
        let file = RecipeFile(IndexRecipe(build: ["lexical"]))
        let path = folder.path + "/a.trawl"
        let corpus = try CorpusReader(paths: [folder.corpus(documents)])
        try IndexBuilder(file, output: path, engine: Engine(), progress: .silent, segmentTextBytes: 50_000)
            .run(corpus.makeIterator())
        let index = try Engine().open(path)
        // 500 documents of at least 400 bytes each, in segments of 50,000.
        #expect(index.snapshot.segments.count >= 4)
        #expect(index.summary.documents == 500)
        // An id of an earlier segment is still found out.
        let twice = try CorpusReader(paths: [folder.corpus(documents + [documents[3]])])
        #expect {
            try IndexBuilder(
                file, output: folder.path + "/b.trawl", engine: Engine(), progress: .silent, segmentTextBytes: 50_000
            ).run(twice.makeIterator())
        } throws: {
            ($0 as? TrawlError)?.message.contains("\"d3\" is not unique") == true
        }
    }

    @Test func theFilterKnowsEveryIDAndFewOthers() {
        let ids = (0..<20_000).map { DocumentID("document-\($0)") }
        let filter = DocumentIDFilter(ids)
        #expect(ids.filter { !filter.mayContain($0) }.isEmpty)
        let others = (0..<20_000).map { DocumentID("other-\($0)") }.filter { filter.mayContain($0) }
        #expect(others.count < 600)
        #expect(!DocumentIDFilter([]).mayContain(DocumentID("x")))
    }
}
