import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct TRECTopicsTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    private static let classic = """
        <top>
        <num> Number: 901
        <title> harbour tides &amp; currents

        <desc> Description:
        When is <i>high</i> water
        in a harbour?

        <narr> Narrative:
        Relevant documents say how tides are foretold: x < y.
        </top>

        <top>
        <num> Number: 902 </num>
        <dom> Domain: Nature
        <title> Topic: the moon </title>
        </top>
        """

    private func read(_ text: String, _ fields: [TopicField]? = nil) throws -> [Query] {
        try QueryReader(topicFields: fields).read(fixture.write("topics.txt", text))
    }

    @Test func topicsAreAskedByTheirTitles() throws {
        let queries = try read(Self.classic)
        #expect(queries.map(\.id) == ["901", "902"])
        #expect(queries.map(\.text) == ["harbour tides & currents", "the moon"])
        #expect(queries[0].metadata.map(\.key) == ["description", "narrative"])
    }

    @Test func otherFieldsMayBeChosen() throws {
        let first = try read(Self.classic.components("\n\n<top>")[0], [.title, .description])
        #expect(first.map(\.text) == ["harbour tides & currents When is high water in a harbour?"])
        #expect(
            errorText { try read(Self.classic, [.narrative]) }.contains("topics.txt:13: topic 902 has no narrative"))
        #expect(errorText { try read("one\ntwo\n", [.title]) }.contains("no TREC topics"))
    }

    @Test func topicsInXMLAreRead() throws {
        let queries = try read(
            """
            <?xml version="1.0"?>
            <topics task="x">
              <topic number="1">
                <query>coronavirus origin</query>
                <question>what is the origin of COVID-19</question>
                <narrative>seeking a range of information</narrative>
              </topic>
              <topic number='2'>A 64-year old woman</topic>
            </topics>
            """)
        #expect(queries.map(\.id) == ["1", "2"])
        #expect(queries.map(\.text) == ["coronavirus origin", "A 64-year old woman"])
    }

    /// As in the topics 51 to 100 of TREC-1, those of TREC-4, which have no titles, and files whose end tags were lost.
    @Test func quirksOfOlderCollectionsAreRead() throws {
        let queries = try read(
            """
            <top>
            <head> Tipster Topic Description
            <num> Number:  051
            <dom> Domain:  International Economics
            <title> Topic:  Airbus
            Subsidies
            <desc> Description:
            Document will discuss government assistance
            to AT&T.
            <smry> Summary:
            Not part of the description.
            <narr> Narrative:
            A relevant document
            <con> Concept(s):
            1. Airbus
            <top>
            <NUM>Number:202 <TITLE>Status of treaties</TITLE>
            </TOP>
            """, [.title, .description])
        #expect(queries.map(\.id) == ["51", "202"])
        #expect(
            queries.map(\.text) == [
                "Airbus Subsidies Document will discuss government assistance to AT&T.", "Status of treaties",
            ])
        #expect(queries[0].metadata.map(\.value) == ["A relevant document"])
        let untitled = "<top>\n<num> Number: 202\n<desc> Description:\nStatus of treaties\n</top>"
        #expect(errorText { try read(untitled) }.contains("topic 202 has no title (it has description"))
        #expect(try read(untitled, [.description]).map(\.text) == ["Status of treaties"])
    }

    @Test func topicsOfCLEFAndTheWebTrackAreRead() throws {
        let clef = "<top>\n<num> C041 </num>\n<EN-title> Baby Food </EN-title>\n<EN-desc> On food. </EN-desc>\n</top>\n"
        #expect(try read(clef, [.title, .description]).map(\.text) == ["Baby Food On food."])
        let web = try read(
            """
            <webtrack2009>
            <topic number="1" type="faceted">
            <query>obama family tree</query>
            <description>Find information on the family.</description>
            <subtopic number="1" type="nav">Find the page.</subtopic>
            </topic>
            </webtrack2009>
            """)
        #expect(web.map(\.id) == ["1"] && web.map(\.text) == ["obama family tree"])
    }

    @Test func brokenTopicsAreNamedByLine() {
        #expect(
            errorText { try read("<top>\n<num> 1\n<title> a\n") }.contains("topics.txt:1: the topic that begins here"))
        #expect(
            errorText { try read("\n<top>\n<title> a\n</top>\n") }.contains("topics.txt:2: the topic has no number"))
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
