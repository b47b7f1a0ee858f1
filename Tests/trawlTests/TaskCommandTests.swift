import Foundation
import Testing
import TrawlTestSupport

/// `trawl eval` on tasks other than retrieval.
@Suite struct TaskCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            """
            {"_id": "moon", "title": "Tides", "text": "The Moon pulls the oceans, which rise twice a day."}
            {"_id": "leaf", "title": "Leaves", "text": "Plants turn light and water into sugar."}
            """, to: "corpus.jsonl")
    }

    private func run(_ arguments: String..., input: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(["eval"] + arguments, input: input, folder: folder.path)
    }

    private func build() throws {
        let built = try TrawlProcess.run(
            ["index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet"], folder: folder.path)
        try #require(built.status == 0, "\(built.errors)")
    }

    private func scores(_ outcome: TrawlProcess.Outcome) -> [String: Double] {
        outcome.objects.first?["scores"] as? [String: Double] ?? [:]
    }

    @Test func similarityOfSentencesIsEvaluated() throws {
        let pairs = """
            score\tsentence1\tsentence2\tsource
            5.0\tA man is playing a guitar.\tA man plays the guitar.\tx
            0.2\tA man is playing a guitar.\tThe tide rises twice a day.\tx
            2.6\tA dog runs in the snow.\tA cat walks in the snow.\tx

            """
        try folder.write(pairs, to: "sts.tsv")
        let result = try run("embeddings", "sts", "sts.tsv", "--json", "--quiet")
        #expect(result.status == 0, "\(result.errors)")
        #expect(scores(result)["cosine_spearman"].map { abs($0 - 1) < 1e-12 } == true)
        #expect(scores(result)["cosine_pearson"].map { $0 > 0.9 && $0 < 1 } == true)
        #expect(result.objects.first?["texts"] as? Int == 6 && result.objects.first?["digest"] is String)
        #expect(try run("embeddings", "sts", "sts.tsv", "sts.tsv", "--quiet").output.contains("1.0000"))

        try folder.write(pairs + "high\tone\ttwo\n", to: "sts.tsv")
        let bad = try run("embeddings", "sts", "sts.tsv")
        #expect(bad.status == 2 && bad.errors.contains("sts.tsv:5") && bad.errors.contains("high"))
        #expect(try run("embeddings", "classification", "sts.tsv").status == 64)
        let unknown = try run("embeddings", "sts", "sts.tsv", "--prompt-name", "q")
        #expect(unknown.status == 2)
    }

    @Test func predictionsRunsAndIndexesAreScoredAsKILTDoes() throws {
        try build()
        try folder.write(
            """
            {"id": "1", "input": "oceans", "output": [{"answer": "Moon", "provenance": [{"wikipedia_id": "moon", "title": ""}]}]}
            {"id": "2", "input": "sugar", "output": [{"answer": "plants", "provenance": [{"wikipedia_id": "leaf", "title": ""}]}]}
            """, to: "gold.jsonl")
        // One of two records is predicted, with its page and its answer.
        try folder.write(
            #"{"id": 1, "output": [{"answer": "the moon", "provenance": [{"wikipedia_id": "moon"}]}]}"#,
            to: "guess.jsonl")
        let guess = try run("kilt", "gold.jsonl", "--predictions", "guess.jsonl", "--json")
        #expect(guess.status == 0 && scores(guess)["Rprec"] == 0.5 && scores(guess)["KILT-em"] == 0.5, "\(guess)")
        #expect(scores(guess)["accuracy"] == 0)
        #expect(guess.errors.contains("gold records without a prediction, which count with 0: 1 of 2"))

        try folder.write("1 Q0 leaf 1 2 r\n1 Q0 moon 2 1 r\n2 Q0 leaf 1 2 r\n", to: "run.txt")
        let run = try run("kilt", "gold.jsonl", "--run", "run.txt", "--cutoffs", "1,2", "-q")
        #expect(run.status == 0 && run.output.contains("| all   | 0.5000 |"), "\(run.output)")
        let index = try self.run("kilt", "gold.jsonl", "--index", "a.trawl", "--json", "--quiet")
        #expect(scores(index)["Rprec"] == 1 && index.objects.first?["system"] as? String == "lexical", "\(index)")
        #expect(try self.run("kilt", "gold.jsonl").status == 64)
    }

    @Test func answersAreLookedForInWhatIsFound() throws {
        try build()
        try folder.write(
            """
            {"id": "1", "question": "What pulls the oceans?", "answers": ["the moon"]}
            {"id": "2", "question": "What do plants make?", "answers": ["starch", "oil"]}
            """, to: "questions.jsonl")
        let found = try run("answers", "questions.jsonl", "--index", "a.trawl", "--cutoffs", "1,5", "--json", "--quiet")
        #expect(found.status == 0 && scores(found) == ["A@1": 0.5, "A@5": 0.5], "\(found)")
        let passages = try run("answers", "questions.jsonl", "--index", "a.trawl", "--passages", "--json", "--quiet")
        #expect(scores(passages)["A@1"] == 0.5, "\(passages)")

        // The first document does not have the answer, the second one has; the third is not in the index.
        try folder.write("1 Q0 leaf 1 3 r\n1 Q0 moon 2 2 r\n2 Q0 mars 1 1 r\n3 Q0 moon 1 1 r\n", to: "run.txt")
        let run = try run(
            "answers", "questions.jsonl", "--index", "a.trawl", "--run", "run.txt", "--cutoffs", "1,2", "--json")
        #expect(run.status == 0 && scores(run) == ["A@1": 0, "A@2": 0.5], "\(run)")
        #expect(run.errors.contains("1; the first is mars") && run.errors.contains("none of the questions: 1"))
        let expressions = try self.run(
            "answers", "-", "--index", "a.trawl", "--match", "regex", "--json",
            input:
                #"[{"question": "light", "answers": ["su[g]ar$|sugar\\."]}, {"question": "water", "answers": ["["]}]"#)
        #expect(scores(expressions)["A@1"] == 0.5, "\(expressions)")
        #expect(expressions.errors.contains("no regular expressions, or take too many steps, and match nothing: 1"))
        try folder.write("9 Q0 moon 1 1 r\n", to: "run.txt")
        let other = try self.run("answers", "questions.jsonl", "--index", "a.trawl", "--run", "run.txt")
        #expect(other.status == 2 && other.errors.contains("run.txt: the run answers none of the questions"))
    }
}
