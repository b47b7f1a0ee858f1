import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct ExampleReaderTests {
    private func read(_ text: String) throws -> [String] {
        let folder = try TemporaryFolder()
        return try ExampleReader().read(folder.write("examples", text)).map { "\($0.query)|\($0.passage)" }
    }

    @Test func bothFormsAreRead() throws {
        #expect(
            try read(#"{"query": "a\tb", "passage": "c"}"# + "\n\nwhere?\tthere\n") == ["a\tb|c", "where?|there"])
    }

    @Test(arguments: ["one\n", "a\tb\tc\n", "a\t\n", #"{"query": "a"}"# + "\n", "{broken\n"])
    func linesThatAreNoPairsAreNamed(text: String) {
        let error = #expect(throws: TrawlError.self) { try read("good\tpair\n" + text) }
        #expect(error?.line == 2)
        #expect(error.map { "\($0)".contains("the line is not an example") } == true)
    }

    @Test func aFileWithoutExamplesIsRefused() {
        #expect(throws: TrawlError.self) { try read("\n\n") }
    }
}
