import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// Documents go into an index and come out as they were, over several segments.
@Suite struct StoredDocumentsTests {
    private func document(_ id: String, _ title: String, _ text: String, line: Int) -> Document {
        Document(
            id: DocumentID(id), title: title, text: text, metadata: [MetadataField(key: "year", value: "1969")],
            origin: Origin(path: "test.jsonl", line: line))
    }

    private func withIndex(_ drafts: [SegmentDraft], _ body: (StoredDocuments) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("documents.trawl")
        let session = try Store.create(at: path).write()
        var segments: [SegmentInfo] = []
        for draft in drafts {
            let writer = session.newSegment()
            try DocumentSegmentBuilder.write(draft, storesPositions: false, into: writer)
            segments.append(
                SegmentInfo(
                    number: writer.number, documentCount: UInt32(draft.entries.count),
                    passageCount: UInt32(draft.passageCount)))
        }
        try session.commit(segments: segments)
        try body(StoredDocuments(try Store.open(at: path).snapshot()))
    }

    @Test func documentsAndPassagesComeBackFromEverySegment() throws {
        var first = SegmentDraft()
        try first.append(document("a", "Änderung", "eins zwei drei", line: 1), passages: [0..<4, 5..<14])
        try first.append(document("b", "", "", line: 2), passages: [0..<0])
        var second = SegmentDraft()
        try second.append(document("c", "C", "vier", line: 3), passages: [0..<4])
        try withIndex([first, second]) { stored in
            #expect(stored.documentCount == 3 && stored.passageCount == 4)
            let passages = try (0..<4).map { try stored.passage(PassageID($0)) }
            #expect(passages.map(\.text) == ["eins", "zwei drei", "", "vier"])
            #expect(passages.map(\.document.rawValue) == ["a", "a", "b", "c"])
            #expect(passages.map(\.ordinal) == [0, 1, 0, 0])
            #expect(try (0..<4).map { try stored.documentNumber(of: PassageID($0)) } == [0, 0, 1, 2])
            #expect(try (0..<3).map { try stored.documentID($0).rawValue } == ["a", "b", "c"])
            let found = try #require(try stored.document(DocumentID("a")))
            #expect(
                found.title == "Änderung" && found.metadata["year"] == "1969" && found.passages == [0..<4, 5..<14])
            #expect(try stored.document(DocumentID("z")) == nil)
            #expect(try stored.document(DocumentID(String(repeating: "z", count: 600))) == nil)
            #expect(throws: TrawlError.self) { try stored.passage(PassageID(4)) }
        }
    }

    @Test func repeatedIDNamesBothPlaces() throws {
        var draft = SegmentDraft()
        try draft.append(document("a", "", "x", line: 1), passages: [0..<1])
        #expect {
            try draft.append(document("a", "", "y", line: 9), passages: [0..<1])
        } throws: {
            "\($0)".contains("test.jsonl:9") && "\($0)".contains("test.jsonl:1")
        }
    }
}
