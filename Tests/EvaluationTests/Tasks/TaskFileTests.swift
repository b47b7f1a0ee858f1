import Testing
import TrawlCore
import TrawlEvaluation
import TrawlTestSupport

@Suite struct TaskFileTests {
    private func pairs(_ text: String) throws -> LabelledPairs { try withFile(text) { try LabelledPairs(path: $0) } }
    private func texts(_ text: String) throws -> LabelledTexts { try withFile(text) { try LabelledTexts(path: $0) } }
    private func lists(_ text: String) throws -> RerankingLists { try withFile(text) { try RerankingLists(path: $0) } }

    @Test func pairsAreReadFromLinesListsAndTables() throws {
        let lines = try pairs(
            "{\"sentence1\": \"a\", \"sentence2\": \"b\", \"label\": 1}\n{\"sent1\": \"c\", \"sent2\": \"d\", \"labels\": 0}\n"
        )
        #expect(lines.first == ["a", "c"] && lines.second == ["b", "d"] && lines.labels == [true, false])
        let old = try pairs(#"{"sent1": ["a", "c"], "sent2": ["b", "d"], "labels": [1, 0]}"#)
        #expect(old.first == lines.first && old.labels == lines.labels)
        #expect(try pairs("label\tsentence1\tsentence2\r\n1\ta\tb\r\n0\tc\td\r\n").second == lines.second)
    }

    @Test func textsHaveLabelsLevelsOrSets() throws {
        #expect(try texts("label\ttext\nx\tone\ny\ttwo\n").labels == [["x"], ["y"]])
        let levels = try texts(
            "{\"sentences\": \"one\", \"labels\": [\"cs\", \"cs.AI\"]}\n{\"text\": \"two\", \"label\": 3}")
        #expect(levels.labels == [["cs", "cs.AI"], ["3"]] && levels.sets.isEmpty)
        let sets = try texts(
            "{\"sentences\": [\"a\", \"b\"], \"labels\": [0, 1]}\n{\"sentences\": [\"c\"], \"labels\": [1]}")
        #expect(sets.sets == [0..<2, 2..<3] && sets.labels == [["0"], ["1"], ["1"]])
    }

    @Test(arguments: ["\t", ","]) func columnsAreNamedInAnyCase(_ separator: String) throws {
        func found(_ names: [String], text: String? = nil, label: String? = nil) throws -> [String] {
            let rows = [names, ["1", "2", "3"]].map { $0.joined(separator: separator) + "\n" }.joined()
            let texts = try withFile(rows) { try LabelledTexts(path: $0, text: text, label: label) }
            return texts.texts + texts.labels[0]
        }
        #expect(try found(["Body", "Topic", "id"], text: "Body", label: "Topic") == ["1", "2"])
        #expect(try found(["Body", "TOPIC", "id"], text: "body", label: "Topic") == ["1", "2"])
        // A name that is there as it is written comes first.
        #expect(try found(["TEXT", "label", "Text"], text: "Text") == ["3", "2"])
    }

    @Test func commaSeparatedValuesMayBeQuoted() throws {
        let found = try texts(
            "\u{FEFF}id,text,label\r\n1,\"a, \"\"b\"\"\",x\r\n\r\n2,\"two\n\nlines\",y\n3,plain\tone,x\n")
        #expect(found.texts == ["a, \"b\"", "two\n\nlines", "plain\tone"] && found.labels == [["x"], ["y"], ["x"]])
        #expect(found.lines == [2, 4, 7])
        #expect(try texts("sep=;\nlabel;text\nx;one, two\n").texts == ["one, two"])
        #expect(try texts("\n\"Label\"|\"Text\"\nx|one\n").texts == ["one"])
        // A TSV file may have commas in it.
        #expect(try texts("label\ttext\nx\tone, two, three\n").texts == ["one, two, three"])
        func error(_ text: String) -> String { errorText { try texts(text) } }
        #expect(error("text,label\na,x\n\nb,y,z\n").contains(":4: the record has 3 cells and the header 2"))
        #expect(error("text,label\na,x\n\"b,y\nc,z\n").contains(":3: a quoted cell of this record is not closed"))
        #expect(error("text,kind\na,x\n").contains(":1: the first line does not name the columns"))
        #expect(error("text,label\n").contains("the file has no rows"))
        #expect(error(#"{"text": "a", "label": null}"#).contains("the field 'label' is null"))
    }

    @Test func candidatesAreListsOrTriples() throws {
        let found = try lists(
            """
            {"query": "q", "positive": ["a", "b"], "negative": ["c"]}
            {"query": "empty", "positive": [], "negative": ["c"]}
            """)
        #expect(found.lists.map(\.candidates) == [["a", "b", "c"]] && found.withoutPositives == 1)
        let triples = try lists("query\tpositive\tnegative\nq\ta\tx\nq\ta\ty\nr\tb\tz\n")
        #expect(triples.lists.map(\.positives) == [["a"], ["b"]] && triples.lists[0].negatives == ["x", "y"])
    }

    @Test func faultsAreNamedByLine() {
        func pairsError(_ text: String) -> String { errorText { try pairs(text) } }
        #expect(pairsError("a\tb\t1\n").contains(":1: the first line does not name the columns"))
        #expect(
            pairsError("sentence1\tsentence2\tlabel\na\tb\t1\na\tb\t2\n").contains(
                ":3: the label 2.0 is neither 0 nor 1"))
        #expect(pairsError("sentence1\tsentence2\tlabel\na\tb\n").contains(":2: the line has 2 columns"))
        #expect(
            pairsError("{\"sentence1\": \"a\", \"text\": 1}").contains(
                "there is no field 'sentence2', only 'sentence1'"))
        #expect(
            pairsError("{\"sentence1\": 1, \"sentence2\": \"b\", \"label\": 1}").contains("'sentence1' is not a text"))
        #expect(
            pairsError("{\"sentence1\": \"a\", \"sentence2\": \"b\", \"label\": 1}").contains(
                "all pairs have the label 1"))
        #expect(
            errorText { try texts("{\"sentences\": [\"a\"], \"labels\": [1, 2]}") }.contains("1 texts and 2 labels"))
        #expect(
            errorText { try texts("{\"text\": \"a\", \"label\": 1}\n{\"text\": [\"a\"], \"label\": [1]}") }
                .contains("some records hold one text"))
        #expect(errorText { try texts("[{\"text\": \"a\", \"label\": 1}, 5]") }.contains("not a JSON object"))
        #expect(errorText { try lists(#"{"query": "q", "positive": []}"#) }.contains("no query has a positive"))
        #expect(errorText { try texts("  \n") }.contains("no rows"))
        #expect(errorText { try texts("PAR1\u{15}") }.contains("export it as JSON lines"))
    }
}
