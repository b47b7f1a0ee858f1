import Foundation
import Glibc
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct QueryReaderTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    func failure(_ name: String) -> String {
        errorText { try QueryReader().read(fixture.path + "/" + name) }
            .replacingOccurrences(of: fixture.path + "/", with: "")
    }

    @Test func beirQueriesKeepTheirMetadata() throws {
        let path = try fixture.write(
            "queries.jsonl", #"{"_id": "PLAIN-2", "text": "Do cafe\u0301s help?", "metadata": {"url": "u"}}"# + "\n")
        let queries = try QueryReader().read(path)
        #expect(queries.count == 1)
        #expect(queries[0].id == "PLAIN-2")
        #expect(sameScalars(queries[0].text, "Do cafés help?"))
        #expect(queries[0].metadata == [MetadataField(key: "url", value: "u")])
    }

    @Test func tsvAndPlainLinesAreRead() throws {
        let tsv = try fixture.write("queries.tsv", "q1\twhat is x\r\nq2\twhy\n")
        #expect(try QueryReader().read(tsv).map(\.id) == ["q1", "q2"])
        let lines = try fixture.write("queries.txt", "what is x\n\nwhy\n")
        #expect(try QueryReader().read(lines) == [Query(id: "1", text: "what is x"), Query(id: "2", text: "why")])
        let compressed = try fixture.write("q.tsv.gz", gzip("7\twhy\n"))
        #expect(try QueryReader().read(compressed) == [Query(id: "7", text: "why")])
    }

    @Test func tablesOfCommaSeparatedValuesAreRead() throws {
        let csv = try fixture.write("q.csv", "qid,query\n1,\"rise, fall\"\n2,why\n")
        #expect(try QueryReader().read(csv) == [Query(id: "1", text: "rise, fall"), Query(id: "2", text: "why")])
        try fixture.write("r.csv", "rise and fall, twice a day\nwhy\n")
        #expect(failure("r.csv").hasPrefix("r.csv:1: no column is named"))
    }

    @Test func badQueriesAreNamedByLine() throws {
        try fixture.write("a.jsonl", "{\"_id\": 1, \"text\": \"x\"}\n{\"_id\": 2, \"text\": \" \"}\n")
        #expect(failure("a.jsonl").hasPrefix("a.jsonl:2: the query 2 is blank"))
        try fixture.write("b.tsv", "1\tx\n2\ty\n1\tz\n")
        #expect(failure("b.tsv").hasPrefix("b.tsv:3: the id 1 stands in line 1 already"))
        try fixture.write("c.txt", "\n")
        #expect(failure("c.txt").hasPrefix("c.txt: there is no query in it"))
        #expect(failure("d.txt").hasPrefix("d.txt: cannot be opened: No such file"))
    }

    private func queries(_ name: String, _ content: String) throws -> [String] {
        try QueryReader().read(fixture.write(name, content)).map { "\($0.id)|\($0.text)" }
    }

    @Test(arguments: ["qid\tquery", "id\ttext", "query-id\ttext", "Query_ID\tQuery", "_id\tquestion"])
    func aHeaderIsNoQuery(_ header: String) throws {
        #expect(try queries("q.tsv", header + "\n1\tmoon\n2\ttides\n") == ["1|moon", "2|tides"])
        #expect(try queries("q.txt", header + "\n1\tmoon\n") == ["1|moon"])
    }

    @Test func aTabMakesColumnsOnlyWhereEveryLineBeginsWithAnID() throws {
        #expect(try queries("a.txt", "q1\twhat is x\nq2\twhy\n") == ["q1|what is x", "q2|why"])
        #expect(try queries("b.txt", "name\tage\nno tab here\n") == ["1|name\tage", "2|no tab here"])
        #expect(try queries("c.txt", "how old is\tthe moon\n") == ["1|how old is\tthe moon"])
    }

    @Test func jsonLinesWithoutIdsAreNumbered() throws {
        #expect(
            try queries("q.jsonl", "{\"text\": \"first\"}\n\n{\"query\": \"second\"}\n") == ["1|first", "3|second"])
    }

    @Test func pipesAreRead() throws {
        let path = fixture.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let content = try gzip("7\twhy\n")
        let writer = Thread { try? Data(content).write(to: URL(fileURLWithPath: path)) }
        writer.start()
        #expect(try QueryReader().read(path) == [Query(id: "7", text: "why")])
    }
}
