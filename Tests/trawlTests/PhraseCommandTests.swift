import Foundation
import Testing
import TrawlTestSupport

/// Phrases whose characters are special to the tokenizer or unknown to it.
@Suite struct PhraseCommandTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            """
            {"_id":"e1","text":"launch 🚀 today"}
            {"_id":"e2","text":"party 🎉 tonight and party 🎉 tomorrow"}
            {"_id":"j1","text":"the poet 希玄 wrote"}
            {"_id":"j2","text":"the emperor 楊堅 ruled"}
            {"_id":"s1","text":"write [SEP] between the two"}
            {"_id":"c1","text":"cafe\u{301} naïve Zürich 🚀"}
            """, to: "corpus.jsonl")
        let built = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "generative", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    @Test func controlTokensInPhrasesAndDocumentsAreText() throws {
        #expect(try run("count", "a.trawl", "[SEP]").output == "1\n")
        #expect(try run("count", "a.trawl", "write [SEP] between").output == "1\n")
        #expect(
            try run("count", "a.trawl", "[CLS]", "[MASK]", "[PAD]", "[UNK]").output
                == "0\t[CLS]\n0\t[MASK]\n0\t[PAD]\n0\t[UNK]\n")
        let found = try run("find", "a.trawl", "[SEP]", "--json").objects.first?["passages"] as? [[String: Any]]
        #expect(found?.map { $0["document"] as? String } == ["s1"])
        #expect(try run("check", "a.trawl", "--quiet").status == 0)
        // A query's control tokens are text for the generator too.
        #expect(
            try run("query", "a.trawl", "write [SEP] between", "--json").objects.first?["document"] as? String == "s1")
    }

    @Test func unknownCharactersAreNotAllTheSame() throws {
        let counts = try run(
            "count", "a.trawl", "🦄", "launch 🎉 today", "launch 🚀 today", "🎉", "🚀", "希玄", "楊堅", "希堅",
            "party 🎉 OR launch 🚀",
            "party AND 🎉", "launch AND 🎉")
        #expect(
            counts.output.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) }
                == ["0", "0", "1", "2", "2", "1", "1", "0", "3", "2", "0"], "\(counts.output)")
        let found = try #require(try run("find", "a.trawl", "party 🎉", "--json", "--next", "5").objects.first)
        #expect(found["count"] as? Int == 2 && found["passage_count"] as? Int == 1)
        #expect(
            (found["next"] as? [[String: Any]])?.compactMap { $0["text"] as? String }.sorted() == [
                "tomorrow", "tonight",
            ])
        #expect(try run("count", "a.trawl", "party AND tonight", "--within", "1").output == "1\n")
        #expect(try run("count", "a.trawl", "🚀 AND launch", "--within", "0").output == "1\n")
        // An unknown character is no context: it may be any.
        let next = try #require(try run("next", "a.trawl", "launch 🎉", "--json").objects.first)
        #expect(next["context"] as? String == "")
    }

    @Test func phrasesAreNormalisedAsDocumentsAre() throws {
        for phrase in ["café", "cafe\u{301}", "cafe\u{301}  na\u{69}\u{308}ve", "Zu\u{308}rich"] {
            #expect(try run("count", "a.trawl", phrase).output == "1\n", "\(phrase)")
        }
        #expect(try run("next", "a.trawl", "cafe\u{301} nai\u{308}ve", "--json").objects.first?["count"] as? Int == 1)
    }

    @Test func occurrencesHaveOffsetsInScalarsAndInBytes() throws {
        let found = try #require(try run("find", "a.trawl", "naïve Zürich", "--json").objects.first)
        let passage = try #require((found["passages"] as? [[String: Any]])?.first)
        let range = try #require((passage["ranges"] as? [[String: Int]])?.first)
        #expect(range == ["start": 5, "end": 17, "byte_start": 6, "byte_end": 20])
        let scalars = Array((passage["text"] as? String ?? "").unicodeScalars)
        #expect(String(String.UnicodeScalarView(scalars[5..<17])) == "naïve Zürich")
    }

    @Test func whatFollowsATitleIsItsEndAndAnAtSignInATextIsItself() throws {
        try folder.write(
            #"{"_id":"t1","title":"ocean tide","text":"write to tide @ home"}"# + "\n"
                + #"{"_id":"t2","title":"spring tide","text":"it is high"}"#, to: "titles.jsonl")
        let built = try run("index", "titles.jsonl", "--output", "b.trawl", "--build", "generative", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
        for arguments in [["find", "b.trawl", "tide", "--json"], ["next", "b.trawl", "tide", "--json"]] {
            let next = try TrawlProcess.run(arguments, folder: folder.path).objects.first?["next"] as? [[String: Any]]
            #expect(next?.map { $0["text"] as? String } == ["<end of title>", "@"], "\(arguments)")
            #expect(next?.map { $0["count"] as? Int } == [2, 1])
        }
    }
}
