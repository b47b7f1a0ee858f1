import Foundation
import Testing
import TrawlTestSupport

/// `trawl check --repair` saves what is intact of a damaged index, and says what is lost.
@Suite struct RepairCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for (name, first) in [("first", 0), ("second", 500)] {
            let lines = (0..<100).map { number in
                "{\"_id\":\"d\(first + number)\",\"title\":\"T\(number)\",\"text\":\"term\(1000 + first + number) some text\","
                    + "\"metadata\":{\"year\":\(1900 + number),\"tags\":[\"a\",\"é\"]}}\n"
            }
            try folder.write(lines.joined(), to: "\(name).jsonl")
        }
        for arguments in [
            ["index", "first.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet"],
            ["rm", "a.trawl", "d3", "d4", "--quiet"],
            ["index", "second.jsonl", "--output", "b.trawl", "--build", "lexical", "--quiet"],
        ] {
            let made = try TrawlProcess.run(arguments, folder: folder.path)
            try #require(made.status == 0, "\(made.errors)")
        }
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func lines(_ index: String) throws -> [String] {
        try run("export", index, "--quiet").output.split(separator: "\n").map(String.init)
    }

    private var data: String { folder.path + "/a.trawl/data.mdb" }

    /// Changes the bytes of `a.trawl` that come right after each occurrence of `text`.
    private func damage(after text: String, _ change: (inout Data, Int) -> Void) throws {
        var bytes = try Data(contentsOf: URL(filePath: data))
        var start = bytes.startIndex
        var found = false
        while let range = bytes.range(of: Data(text.utf8), in: start..<bytes.endIndex) {
            change(&bytes, range.upperBound)
            start = range.upperBound
            found = true
        }
        try #require(found)
        try bytes.write(to: URL(filePath: data))
    }

    @Test func soundIndexIsSavedWithAllItHas() throws {
        let before = try Data(contentsOf: URL(filePath: data))
        let saved = try run("check", "a.trawl", "--repair", "new.trawl", "--quiet")
        #expect(saved.status == 0, "\(saved.errors)")
        #expect(saved.output.contains("98 documents copied"), "\(saved.output)")
        #expect(try lines("new.trawl") == lines("a.trawl"))
        #expect(try run("check", "new.trawl", "--quiet").status == 0)
        #expect(try run("query", "new.trawl", "term1007").status == 0)
        #expect(try Data(contentsOf: URL(filePath: data)) == before)
        let again = try run("check", "a.trawl", "--repair", "new.trawl")
        #expect(again.status == 2)
        #expect(again.errors.contains("there is an index already"), "\(again.errors)")
    }

    @Test func documentsOfDamagedPostingsAreIndexedAgain() throws {
        let expected = try lines("a.trawl")
        // A key in the table of terms, which has no checksum.
        try damage(after: "term105") { bytes, place in
            if bytes[place] == UInt8(ascii: "0"), bytes[place + 1] != UInt8(ascii: " ") {
                bytes[place] = UInt8(ascii: "x")
            }
        }
        try #require(try run("check", "a.trawl", "--quiet").status == 1)
        let saved = try run("check", "a.trawl", "--repair", "new.trawl", "--quiet")
        #expect(saved.status == 0, "\(saved.output) \(saved.errors)")
        #expect(saved.output.contains("98 documents indexed again; damaged"), "\(saved.output)")
        #expect(try lines("new.trawl") == expected)
        #expect(try run("check", "new.trawl", "--quiet").status == 0)
        #expect(try run("query", "new.trawl", "term1050").output.contains("d50"))
    }

    @Test func lostDocumentsAreNamed() throws {
        let merged = try run("index", "second.jsonl", "--output", "a.trawl", "--add", "--quiet")
        try #require(merged.status == 0)
        // The only chunk of text of a segment.
        try damage(after: "term1030 some tex") { bytes, place in bytes[place] ^= 1 }
        let saved = try run("check", "a.trawl", "--repair", "new.trawl", "--json", "--quiet")
        // Both segments may have been merged; then nothing can be read.
        let left = try lines("a.trawl").count
        try #require(left == 198)
        if saved.status == 2 {
            #expect(saved.errors.contains("no document can be read"), "\(saved.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("new.trawl")))
            return
        }
        #expect(saved.status == 1, "\(saved.errors)")
        #expect(saved.output.contains("\"lost_documents\":98"), "\(saved.output)")
        #expect(saved.output.contains("\"document\":\"d30\""))
        #expect(!saved.output.contains("\"document\":\"d3\""))
        #expect(try lines("new.trawl") == lines("b.trawl"))
    }

    @Test func damagedMetaPageCostsTheLastCommitAtMost() throws {
        let sound = try Data(contentsOf: URL(filePath: data))
        for page in 0...1 {
            var bytes = sound
            bytes.replaceSubrange(page * 4096 + 16..<page * 4096 + 20, with: [0, 0, 0, 0])
            try bytes.write(to: URL(filePath: data))
            for command in [["query", "a.trawl", "text"], ["compact", "a.trawl"], ["show", "a.trawl"]] {
                let outcome = try TrawlProcess.run(command, folder: folder.path)
                #expect(outcome.status == 2, "\(command)")
                #expect(outcome.errors.contains("page \(page) is damaged"), "\(outcome.errors)")
                #expect(outcome.errors.contains("--repair"), "\(outcome.errors)")
            }
            let saved = try run("check", "a.trawl", "--repair", "new\(page).trawl", "--quiet")
            #expect(saved.status == 1, "\(saved.errors)")
            #expect(saved.output.contains("the last commit may be lost"), "\(saved.output)")
            #expect(try lines("new\(page).trawl").count >= 98)
        }
        var bytes = sound
        for page in 0...1 { bytes.replaceSubrange(page * 4096 + 16..<page * 4096 + 20, with: [0, 0, 0, 0]) }
        try bytes.write(to: URL(filePath: data))
        #expect(try run("check", "a.trawl", "--repair", "none.trawl").status == 2)
        #expect(!FileManager.default.fileExists(atPath: folder.path("none.trawl")))
    }

    @Test func indexesOfAllKindsOfDamageAreListedPast() throws {
        let sound = try Data(contentsOf: URL(filePath: data))
        let zeros = Data(count: sound.count - 8192)
        let changes: [(Int, (inout Data) -> Void)] = [
            (0, { bytes in bytes.removeLast(bytes.count - 5000) }),
            (1, { bytes in bytes.replaceSubrange(0..<152, with: Data(count: 152)) }),
            (2, { bytes in bytes.replaceSubrange(8192..<bytes.count, with: zeros) }),
            (3, { bytes in bytes.replaceSubrange(40..<44, with: Data(count: 4)) }),
            (4, { bytes in bytes = Data("text".utf8) }),
            (5, { bytes in bytes.replaceSubrange(8192..<bytes.count, with: Data(repeating: 255, count: zeros.count)) }),
        ]
        for (number, change) in changes {
            var bytes = sound
            change(&bytes)
            try folder.write("c\(number).trawl/data.mdb", bytes)
        }
        let listed = try run("ls")
        #expect(listed.status == 0, "\(listed.errors)")
        #expect(listed.output.contains("a.trawl") && listed.output.contains("b.trawl"), "\(listed.output)")
        for number in 0..<6 { #expect(listed.errors.contains("c\(number).trawl"), "\(listed.errors)") }
    }
}
