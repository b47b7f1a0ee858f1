import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct StandardInputTests {
    func documents(_ content: some Sequence<UInt8>) throws -> [Document] {
        let pipe = Pipe()
        let data = Data(content)
        // A pipe holds 64 KiB; the rest waits for the reader.
        let writer = Thread {
            pipe.fileHandleForWriting.write(data)
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        let reader = try CorpusReader(paths: ["-"], standardInput: pipe.fileHandleForReading.fileDescriptor)
        #expect(reader.totalBytes == nil)
        return try allDocuments(reader)
    }

    @Test func jsonLinesAreSeen() throws {
        let found = try documents("{\"id\": \"a\", \"text\": \"one\"}\n{\"id\": \"b\", \"text\": \"two\"}".utf8)
        #expect(found.map(\.id.rawValue) == ["a", "b"])
        #expect(found[1].origin.description == "standard input:2")
    }

    @Test func tabsMeanTSV() throws {
        #expect(try documents("a\tone\nb\ttwo\n".utf8).map(\.id.rawValue) == ["a", "b"])
    }

    @Test func anythingElseIsADocumentALine() throws {
        let found = try documents("first line\n\nthird line".utf8)
        #expect(found.map(\.id.rawValue) == ["1", "3"])
        #expect(found.map(\.text) == ["first line", "third line"])
    }

    @Test func compressedInputIsSeen() throws {
        #expect(try documents(gzip("a\tone\n")).map(\.text) == ["one"])
    }

    @Test func moreThanAPipeHoldsIsRead() throws {
        let content = (0..<50_000).map { "line number \($0)\n" }.joined()
        #expect(try documents(content.utf8).count == 50_000)
    }

    @Test func errorsNameStandardInput() {
        #expect(
            errorText { try documents("{\"id\": 1}\n".utf8) }.hasPrefix("standard input:1: the document has no text"))
        #expect(errorText { try documents("".utf8) }.hasPrefix("-: the corpus is empty"))
    }
}
