import Testing
import TrawlCore

@testable import TrawlCorpus

/// Files with random damage: reading them ends, either with documents or with an error that names a file.
@Suite struct DamagedInputTests {
    static let contents: [(name: String, content: String)] = [
        (
            "a.jsonl",
            #"{"id": "1", "title": "\u00e9\ud83d\ude00", "text": ["a", "b"], "metadata": {"x": [1.5e-3, {"y": null}]}}"#
                + "\n{\"id\": 22, \"text\": \"beta\"}\n"
        ),
        ("a.json", #"{"k\n1": {"text": "a{\"}", "n": [1, [2]]}, "k2": {"id": "2", "text": "b"}}"#),
        ("b.json", #"[{"id": 1, "text": "alpha"}, {"id": 2, "text": "b\\"}]"#),
        ("a.tsv", "id\ttext\ttitle\n1\talpha\tA\n2\tbeta\t\u{E9}\n"),
        ("a.trec", "<DOC>\n<DOCNO>1</DOCNO><TEXT>a &amp; <P a=\"1\">b</P><!-- c --> &#233;</TEXT>\n</DOC>\n"),
        ("a.md", "---\ntitle: x\n---\n# alpha #\n```\nb\n"),
        ("a.html", "<html><meta charset=latin1><title>t</title><pre>a</pre><p>caf&eacute;<table><td>x</html>"),
    ]

    @Test(arguments: contents) func anyDamageEndsInDocumentsOrATrawlError(name: String, content: String) throws {
        let fixture = try CorpusFixture()
        var random = SplitMix64(seed: 7)
        let original = [UInt8](content.utf8)
        for round in 0..<100 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(original[Int.random(in: 0..<original.count, using: &random)], at: index)
                default: bytes.removeLast(bytes.count - index)
                }
            }
            let path = try fixture.write(name, bytes)
            do {
                _ = try allDocuments(CorpusReader(paths: [path]))
            } catch let error as TrawlError {
                #expect(error.path != nil && error.remedy != nil, "round \(round): \(error)")
            }
        }
    }
}
