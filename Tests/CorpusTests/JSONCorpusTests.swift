import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct JSONCorpusTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func beirFolderGivesOnlyItsCorpus() throws {
        try fixture.write(
            "corpus.jsonl",
            #"{"_id": "MED-10", "title": "Statins", "text": "Use.", "metadata": {"url": "http://x", "n": 3}}"#)
        try fixture.write("queries.jsonl", #"{"_id": "q1", "text": "?"}"#)
        try fixture.write("qrels/test.tsv", "query-id\tcorpus-id\tscore\n")
        let documents = try fixture.documents()
        #expect(documents.count == 1)
        #expect(documents[0].id == DocumentID("MED-10"))
        #expect(documents[0].title == "Statins")
        #expect(documents[0].text == "Use.")
        #expect(
            documents[0].metadata == [.init(key: "url", value: "http://x"), .init(key: "n", value: "3", isJSON: true)])
        #expect(documents[0].origin == Origin(path: fixture.path + "/corpus.jsonl", line: 1))
    }

    @Test func lineEndsBlankLinesAndByteOrderMarkAreTolerated() throws {
        try fixture.write(
            "a.jsonl",
            "\u{FEFF}{\"id\": 7, \"contents\": \"one\"}\r\n\r\n  \n{\"docid\": \"-8\", \"body\": \"two\\nlines\"}")
        let documents = try fixture.documents("a.jsonl")
        #expect(documents.map(\.id.rawValue) == ["7", "-8"])
        #expect(documents.map(\.text) == ["one", "two\nlines"])
        #expect(documents.map(\.origin.line) == [1, 4])
    }

    /// Strings are scanned by several bytes at once.
    @Test func stringsEndWhereTheyEndAtEveryLength() throws {
        for length in 0..<20 {
            let text = String(String(repeating: "aé ", count: 10).prefix(length)) + "~"
            for place in 0...length {
                let (before, after) = (text.prefix(place), text.dropFirst(place))
                try fixture.write("a.jsonl", #"{"id":"1","text":"\#(before)\"\\\#(after)","x":"y"}"#)
                let document = try fixture.documents("a.jsonl")[0]
                #expect(document.text == #"\#(before)"\\#(after)"#)
                #expect(document.values(of: "x") == ["y"])
                try fixture.write("a.jsonl", "{\"id\":\"1\",\"text\":\"\(before)\u{1F}\(after)\"}")
                #expect(fixture.failure("a.jsonl").contains("a control character is in a string"))
                try fixture.write("a.jsonl", "{\"id\":\"1\",\"text\":\"\(before)\\")
                #expect(fixture.failure("a.jsonl").contains("a string is not closed"))
            }
        }
    }

    @Test func metadataKeepOrderAndTheTextOfTheirValues() throws {
        try fixture.write(
            "a.jsonl",
            #"{"z": 1.50, "id": "1", "n": null, "text": "t", "m": true, "s": "caf\u00e9"}"#)
        let metadata = try fixture.documents("a.jsonl")[0].metadata
        #expect(metadata.map(\.key) == ["z", "m", "s"])
        #expect(metadata.map(\.isJSON) == [true, true, false])
        #expect(metadata.map(\.value) == ["1.50", "true", "café"])
    }

    @Test func listsRepeatTheirKeyAndObjectsNestTheirs() throws {
        try fixture.write(
            "a.jsonl",
            #"{"id": "1", "text": "t", "tags": ["x", 2.0, null, ["y"]], "by": {"name": "N", "of": {"a.b": 1}}, "#
                + #""l": [{"k": 1}, {"k": 2}], "e": [], "o": {}}"#)
        let document = try fixture.documents("a.jsonl")[0]
        #expect(
            document.metadata.map { "\($0.key)=\($0.value)" }
                == ["tags=x", "tags=2.0", "tags=y", "by.name=N", "by.of.a.b=1", "l.k=1", "l.k=2"])
        #expect(document.values(of: "tags") == ["x", "2.0", "y"])
        let deep = (0..<90).map { _ in "{\"" + String(repeating: "k", count: 20) + "\":" }.joined()
        try fixture.write("b.jsonl", "{\"text\":\"t\",\"x\":" + deep + "1" + String(repeating: "}", count: 91))
        #expect(fixture.failure("b.jsonl").contains("nested keys are longer than 1024 bytes"))
    }

    @Test func documentsWithoutIDsAreNumbered() throws {
        try fixture.write(
            "a.jsonl", "{\"text\": \"first\"}\n\n{\"text\": \"second\"}\n{\"id\": \"x\", \"text\": \"third\"}\n")
        #expect(try fixture.documents("a.jsonl").map(\.id.rawValue) == ["1", "3", "x"])
        let summary = try fixture.summary("a.jsonl")
        #expect(summary.numberedDocuments == 2)
        #expect(summary.warnings[0].contains("documents without ids, which are numbered instead: 2"))
        try fixture.write("b.json", "[{\"text\": \"a\"}, {\"text\": \"b\"}]")
        #expect(try fixture.documents("b.json").map(\.id.rawValue) == ["1", "2"])
        #expect(try fixture.documents().map(\.id.rawValue) == ["a.jsonl:1", "a.jsonl:3", "x", "b.json:1", "b.json:2"])
    }

    @Test func escapesAreDecoded() throws {
        try fixture.write("a.jsonl", #"{"i\u0064": "a\/b", "text": "\ud83d\ude00 \"q\" \\ \t\u00e9\b"}"#)
        let document = try fixture.documents("a.jsonl")[0]
        #expect(document.id.rawValue == "a/b")
        #expect(sameScalars(document.text, "😀 \"q\" \\ \té "))
    }

    @Test(arguments: [
        (#"{"id": "1", "text": "a"#, "a string is not closed"),
        (#"{"id": "1", "text": "a"} x"#, "something follows"),
        (#"{"id": "1" "text": "a"}"#, "a comma or } was expected"),
        (#"{"id": "1", "text": "\ud83"}"#, "wrong escape"),
        (#"{"id": "1", "text": "\x"}"#, "wrong escape"),
        (#"{"id": 01, "text": "a"}"#, "begins with 0"),
        (#"{"id": "1", "text": tru}"#, "a value was expected"),
        (#"["id"]"#, "a JSON object"),
        ("{\"id\": \"1\", \"text\": \"a\tb\"}", "a control character"),
        (#"{"id": "1", "text": "t", "x": "# + String(repeating: "[", count: 100_000), "nested deeper"),
    ])
    func malformedLineIsNamed(line: String, reason: String) throws {
        try fixture.write("a.jsonl", "{\"id\": \"0\", \"text\": \"fine\"}\n\(line)\n")
        let failure = fixture.failure("a.jsonl")
        #expect(failure.hasPrefix("a.jsonl:2: malformed JSON at byte "))
        #expect(failure.contains(reason))
    }

    @Test func missingFieldsAreNamedWithARemedy() throws {
        try fixture.write("b.jsonl", #"{"id": "x", "extract": "t"}"#)
        let failure = fixture.failure("b.jsonl")
        #expect(failure.hasPrefix("b.jsonl:1: the document has no text"))
        #expect(failure.contains("it has id, extract"))
    }

    @Test(arguments: [
        (#""""#, "the id is empty"), (#""  ""#, "the id is empty"), ("1.5", "not a whole number"), ("[1]", "neither"),
        (#""a\tb""#, "control character"), ("\"" + String(repeating: "é", count: 241) + "\"", "482 bytes"),
    ])
    func unusableIDIsRefused(id: String, reason: String) throws {
        try fixture.write("a.jsonl", "{\"id\": \(id), \"text\": \"t\"}")
        let failure = fixture.failure("a.jsonl")
        #expect(failure.hasPrefix("a.jsonl:1: "))
        #expect(failure.contains(reason))
    }

    @Test func textMayBeAnArrayOfParagraphsOrNull() throws {
        try fixture.write(
            "a.jsonl", "{\"id\": 1, \"text\": [\"a\", \"b\"]}\n{\"id\": 2, \"title\": \"T\", \"text\": null}\n")
        #expect(try fixture.documents("a.jsonl").map(\.text) == ["a\nb", ""])
        try fixture.write("b.jsonl", "{\"id\": 1, \"text\": [\"a\", 2]}")
        #expect(fixture.failure("b.jsonl").hasPrefix("b.jsonl:1: the field \"text\" is not a string"))
    }

    @Test func emptyDocumentsAreCountedAndNamed() throws {
        try fixture.write(
            "a.jsonl",
            "{\"id\": 1, \"text\": \" \\n\"}\n{\"id\": 2, \"text\": \"t\"}\n{\"id\": 3, \"title\": \"\", \"text\": \"\"}"
        )
        var ids: [String] = []
        let summary = try CorpusReader(paths: [fixture.path]).readAll { ids.append($0.id.rawValue) }
        #expect(ids == ["2"])
        #expect(summary.documents == 1)
        #expect(summary.emptyDocuments == 2)
        #expect(summary.firstEmptyDocuments.map(\.id) == ["1", "3"])
        #expect(summary.firstEmptyDocuments.map(\.origin.line) == [1, 3])
        #expect(summary.warnings.count == 1)
        #expect(summary.bytesRead == (try CorpusReader(paths: [fixture.path])).totalBytes)
    }

    @Test func lineOfAMegabyteIsRead() throws {
        let text = String(repeating: "word ", count: 1 << 18)
        try fixture.write("a.jsonl", "{\"id\": 1, \"text\": \"\(text)\"}\n{\"id\": 2, \"text\": \"b\"}\n")
        let documents = try fixture.documents("a.jsonl")
        #expect(documents.map(\.text.utf8.count) == [5 << 18, 1])
    }

    @Test func lineBeyondTheCapIsRefused() throws {
        let path = try fixture.write("a.jsonl", "short\n" + String(repeating: "x", count: 300_000) + "\n")
        let lines = LineReader(try ByteSource(path: path), maximumLineBytes: 100_000)
        #expect(try lines.withNextLine { $0.count } == 5)
        let failure = errorText { try lines.withNextLine { $0.count } }
        #expect(failure.contains("a.jsonl:2: the line is longer than"))
    }

    @Test func linesOfEveryLengthSurviveTheBuffer() throws {
        let lengths = [0, 1, 65_535, 65_536, 65_537, 3, 200_000, 0, 131_072]
        let content = lengths.map { String(repeating: "x", count: $0) }.joined(separator: "\n")
        let lines = LineReader(try ByteSource(path: try fixture.write("a.txt", content)))
        var found: [Int] = []
        while let count = try lines.withNextLine({ $0.count }) { found.append(count) }
        #expect(found == lengths)
    }

    @Test func documentsOfOneIDCanBeToldApartByTheirPlaces() throws {
        try fixture.write("a.jsonl", "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 1, \"text\": \"b\"}\n")
        try fixture.write("b.jsonl", "{\"id\": 1, \"text\": \"c\"}")
        let places = try fixture.documents().map { $0.origin.description.dropFirst(fixture.path.count + 1) }
        #expect(places == ["a.jsonl:1", "a.jsonl:2", "b.jsonl:1"])
    }

    @Test func fieldsAreNamedByRecipes() throws {
        let recipe = try JSONDecoder().decode(
            FieldMapping.self, from: Data(#"{"text": "extract", "title": ["h", "t"]}"#.utf8))
        #expect(recipe == FieldMapping(title: ["h", "t"], text: ["extract"]))
        try fixture.write("a.jsonl", #"{"id": 1, "t": "T", "text": "x", "extract": "E"}"#)
        let document = try fixture.documents("a.jsonl", fields: recipe)[0]
        #expect(document.title == "T")
        #expect(document.text == "E")
        #expect(document.metadata == [MetadataField(key: "text", value: "x")])
    }

    // MARK: - .json files

    @Test func objectOfObjectsTakesItsKeysAsIDsInOrder() throws {
        try fixture.write(
            "a.json",
            "{\n \"Zebra \\\"q\\\"\": {\"title\": \"Zebra\",\n  \"extract\": \"Z {[\\\"}\"},\n \"Ape\": {\"extract\": \"A\"}\n}\n"
        )
        let documents = try fixture.documents("a.json", fields: FieldMapping(text: ["extract"]))
        #expect(documents.map(\.id.rawValue) == ["Zebra \"q\"", "Ape"])
        #expect(documents.map(\.text) == ["Z {[\"}", "A"])
        #expect(documents.map(\.origin.line) == [2, 4])
    }

    @Test func arrayOfObjectsAndLooseObjectsAreRead() throws {
        try fixture.write("a.json", "[{\"id\": 1, \"text\": \"a\"}, {\"id\": 2, \"text\": \"b\"}]")
        try fixture.write("b.json", "{\"id\": 3, \"text\": \"c\"}\n{\"id\": 4, \"text\": \"d\"}\n")
        try fixture.write("c.json", "{\n  \"id\": 5,\n  \"text\": \"e\"\n}")
        #expect(try fixture.documents().map(\.id.rawValue) == ["1", "2", "3", "4", "5"])
    }

    @Test func largeArrayCrossesBufferBounds() throws {
        let objects = (0..<5_000).map {
            "{\"id\": \($0), \"text\": \"\(String(repeating: "é{\\\"", count: $0 % 50))x\"}"
        }
        try fixture.write("a.json", "[" + objects.joined(separator: ",\n") + "]")
        let documents = try fixture.documents("a.json")
        #expect(documents.map(\.id.rawValue) == (0..<5_000).map(String.init))
        #expect(documents.map(\.origin.line) == (1...5_000).map { $0 })
    }

    @Test(arguments: [
        ("[{\"id\": 1, \"text\": \"a\"},\n{\"id\": 2, \"text\": \"b\"}", "a.json:2: malformed JSON: the file ends"),
        ("[{\"id\": 1, \"text\": \"a\"},\n{\"id\": 2, \"text\": ", "a.json:2: malformed JSON: the file ends"),
        ("[{\"id\": 1, \"text\": \"a\"},\n\n17]", "a.json:3: malformed JSON: an object"),
        ("[{\"id\": 1, \"text\": \"a\"},\n]", "a.json:2: malformed JSON: a comma stands"),
        ("[{\"id\": 1, \"text\": \"a\"}\n{\"id\": 2}]", "a.json:2: malformed JSON: a comma was expected"),
        ("[{\"id\": 1, \"text\": \"a\"}] x", "a.json:1: malformed JSON: something follows"),
        ("[{\"id\": 1,\n\n \"text\": oops}]", "a.json:3: malformed JSON at byte 10 of the line: a value"),
        ("{\"id\": 1,\n\n \"text\": oops}", "a.json:3: malformed JSON at byte 10 of the line: a value"),
        ("{\n\"id\":\n1,\n\n \"text\": oops}", "a.json:5: malformed JSON at byte 10 of the line: a value"),
        ("hello", "a.json:1: malformed JSON: a JSON file begins"),
    ])
    func malformedFileIsNamedWithItsLine(content: String, message: String) throws {
        try fixture.write("a.json", content)
        #expect(fixture.failure("a.json").hasPrefix(message))
    }

    @Test func demoCorpusIsRead() throws {
        let reader = try CorpusReader(
            paths: [TestFiles.home + "/corpora/wikipedia-leads/summaries_en-us.json"],
            fields: FieldMapping(text: ["extract"]))
        let documents = try allDocuments(reader)
        #expect(documents.count == 10_033)
        #expect(documents[0].id.rawValue == "20th-century classical music")
        #expect(documents[0].value(of: "topic") == "Arts")
        #expect(documents.allSatisfy { !$0.text.isEmpty })
    }
}
