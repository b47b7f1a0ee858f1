import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEvaluation

@Suite struct KILTTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// Pages as provenance.
    private func evidence(_ pages: [String]) -> String {
        "[" + pages.map { #"{"wikipedia_id": "\#($0)", "title": "t"}"# }.joined(separator: ", ") + "]"
    }

    private func record(_ id: String, _ outputs: [(answer: String?, pages: [String]?)]) -> String {
        let list = outputs.map { output in
            let parts =
                [
                    output.answer.map { #""answer": "\#($0)""# },
                    output.pages.map { #""provenance": \#(evidence($0))"# },
                ].compactMap { $0 }
            return "{" + parts.joined(separator: ", ") + "}"
        }
        return #"{"id": "\#(id)", "input": "who?", "output": [\#(list.joined(separator: ", "))]}"#
    }

    private func report(
        _ gold: [String], _ guess: [String], cutoffs: [Int] = [1, 5], keys: [String] = ["wikipedia_id"]
    ) throws -> KILTReport {
        let gold = try KILTFile(path: folder.write("gold.jsonl", gold.joined(separator: "\n")), keys: keys)
        let guess = try KILTFile(path: folder.write("guess.jsonl", guess.joined(separator: "\n")), keys: keys)
        return try KILTReport(KILTPredictions(guess), against: gold, cutoffs: cutoffs)
    }

    private func isNear(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) < 1e-7 } ?? false }

    @Test func evidenceSetsCountWhenTheyAreComplete() throws {
        let gold = [record("1", [("x", ["A", "B"]), ("y", ["C"])])]
        // Guesses C, A, D, B. The ranking: C is a complete set (true); A is a part of {A, B}; D is wrong; B completes {A, B},
        // whose part at rank 2 goes. So: true, wrong, true.
        let found = try report(gold, [record("1", [(nil, ["C", "A", "D", "B"])])], cutoffs: [1, 2, 5])
        // R-precision: of {A, B} one of the first two is right, 1/2; of {C} the first is right, 1. The larger is 1.
        #expect(found["Rprec"] == 1)
        #expect(found["precision@1"] == 1)
        #expect(found["precision@2"] == 0.5)
        #expect(found["precision@5"] == 2.0 / 5)
        #expect(found["recall@2"] == 0.5)  // one of two sets
        #expect(found["recall@5"] == 1)
        #expect(found["success_rate@2"] == 1)
        #expect(found["recall@1"] == nil)
    }

    @Test func halfASetIsNoEvidence() throws {
        // {A, B}, guesses A, C: A is a part, C is wrong; nothing is complete. R = 2, one of the first two is right: 1/2.
        let found = try report([record("1", [("x", ["A", "B"])])], [record("1", [(nil, ["A", "C"])])])
        #expect(found["Rprec"] == 0.5)
        #expect(found["recall@5"] == 0 && found["precision@1"] == 0 && found["success_rate@5"] == 0)
    }

    @Test func aPageOfSeveralSetsCountsForEach() throws {
        // {A} and {A, B}; guess A: {A} is complete, {A, B} has a part. Precision@1 = 1, recall@5 = 1 of 2.
        let found = try report(
            [record("1", [("x", ["A"]), ("y", ["A", "B"])])], [record("1", [(nil, ["A"])])])
        #expect(found["precision@1"] == 1 && found["recall@5"] == 0.5)
    }

    @Test func pagesCountOnce() throws {
        // Gold A, A is R = 1; guesses B, B, A are B, A: rank 1 is wrong, A is at rank 2.
        let found = try report(
            [record("1", [("x", ["A", "A"])])], [record("1", [(nil, ["B", "B", "A"])])], cutoffs: [2])
        #expect(found["Rprec"] == 0 && found["precision@2"] == 0.5 && found["recall@2"] == 1)
    }

    @Test func answersCountBesideAllEvidence() throws {
        let gold = [
            record("1", [("The Cat", ["A"]), ("a big dog", ["B"])]), record("2", [("blue", ["C"])]),
        ]
        let guess = [
            // Normalised "cat" is "cat": em 1, but not to the letter: accuracy 0. F1 1. Evidence B: Rprec 1.
            record("1", [("cat.", ["B"])]),
            // em 0; words "dark", "blue" against "blue": precision 1/2, recall 1, F1 2/3. Evidence is wrong.
            record("2", [("dark blue", ["D"])]),
        ]
        let found = try report(gold, guess)
        #expect(found["accuracy"] == 0 && found["em"] == 0.5)
        #expect(isNear(found["f1"], (1 + 2.0 / 3) / 2))
        #expect(found["KILT-em"] == 0.5 && found["KILT-f1"] == 0.5 && found["KILT-accuracy"] == 0)
        // ROUGE-L of "cat" against "The Cat" is 0, for it does not normalise, and against "a big dog" too. Of "dark blue"
        // against "blue": 1 of 2 words and 1 of 1 word, 2/3 but for the 1e-8 of its formula.
        #expect(isNear(found["rougel"], 2.0 / 3 / 2))
        #expect(found["KILT-rougel"] == 0)
    }

    @Test func idsThatDoNotMatchAreCounted() throws {
        let found = try report(
            [record("1", [("x", ["A"])]), record("2", [("x", ["A"])])],
            [record("1", [("x", ["A"])]), record("9", [("x", ["A"])])])
        #expect(found.missing == 1 && found.unknown == 1 && found["Rprec"] == 0.5 && found["em"] == 0.5)
        #expect(
            errorText { try report([record("1", [("x", ["A"])])], [record("2", [("x", ["A"])])]) }
                .contains("no gold record has a prediction"))
    }

    @Test func runsAreEvidenceByScore() throws {
        var run = Run()
        try run.add(query: "1", [.init(DocumentID("B"), 1), .init(DocumentID("A"), 2)])
        let gold = try KILTFile(path: folder.write("gold.jsonl", record("1", [("x", ["A"])])))
        let found = try KILTReport(KILTPredictions(run), against: gold, cutoffs: [1, 2])
        #expect(found["Rprec"] == 1 && found["precision@2"] == 0.5)
        #expect(found.measures.contains("recall@2") && found["em"] == nil)
    }

    @Test(arguments: [
        (#"{"id": "1", "input": "x"}"#, "there is no field 'output'"),
        (#"{"id": "1", "output": []}"#, "has no output"),
        (#"{"id": "1", "output": {}}"#, "'output' is not a list"),
        (#"{"id": "1", "output": [{"provenance": "A"}]}"#, "not a list of objects"),
        ("{\"id\": 1, \"output\": []}\n{\"id\": \"1\", \"output\": []}", "gold.jsonl:2: the id 1 occurs twice"),
        ("{\"id\": 1, \"output\": []}\n{\"id\": ", "gold.jsonl:2: malformed JSON"),
        ("", "no rows"), ("id\tinput\n", "does not name the columns"),
    ]) func otherLayoutsAreNamedByLine(_ text: String, _ message: String) throws {
        let path = try folder.write("gold.jsonl", text)
        let guess = KILTPredictions(Run())
        let got = errorText { try KILTReport(guess, against: KILTFile(path: path)) }
        #expect(got.contains(message) && got.contains("gold.jsonl"), "\(got)")
    }

    /// ROUGE-L takes the product of the words of two answers.
    @Test func answersOfVeryManyWordsAreRefused() throws {
        let words = String(repeating: "x ", count: 10_001)
        let path = try folder.write("gold.jsonl", record("1", [("x", ["A"])]) + "\n" + record("2", [(words, nil)]))
        let got = errorText { try KILTFile(path: path) }
        #expect(got.contains("gold.jsonl:2: an answer has 10001 words"), "\(got)")
    }

    @Test func fullStopsCountAsWordsDo() throws {
        let path = try folder.write("gold.jsonl", record("1", [(String(repeating: "x.", count: 10_000), ["A"])]))
        let got = errorText { try KILTFile(path: path) }
        #expect(got.contains("gold.jsonl:1: an answer has 10001 words and full stops"), "\(got)")
    }

    /// {A, B}, {B, C} and {B}; guesses A, B, C: A is a part of the first; B completes the first, is a part of the second and
    /// completes the third; C completes the second. The ranking: true, true, true, as parts go when their sets are found.
    @Test func aPageMayCompleteSetsAndBeAPartOfOthers() throws {
        let gold = record("1", [("x", ["A", "B"]), ("y", ["B", "C"]), ("z", ["B"]), ("u", ["A", "B"])])
        let found = try report([gold], [record("1", [(nil, ["A", "B", "C"])])], cutoffs: [1, 2, 3])
        #expect(found["precision@1"] == 1 && found["precision@2"] == 1 && found["precision@3"] == 1)
        #expect(found["recall@3"] == 1)
        let part = try report([gold], [record("1", [(nil, ["D", "B", "A"])])], cutoffs: [1, 2, 3, 4])
        // Wrong; B is a part of {A, B} and of {B, C} and completes {B}; A completes {A, B}: wrong, part, true, true.
        #expect(part["precision@2"] == 0 && part["precision@3"] == 1.0 / 3 && part["precision@4"] == 0.5)
    }

    @Test(.timeLimit(.minutes(1))) func evidenceOfManyPagesTakesNoTimeWithoutEnd() throws {
        let pages = (0..<60_000).map { "page \($0)" }
        let gold = record("1", [("x", pages)] + pages.prefix(20_000).map { ("x", [$0]) })
        let found = try report([gold], [record("1", [(nil, pages)])], cutoffs: [1])
        #expect(found["Rprec"] == 1)
    }

    @Test func aPredictionHasOneAnswer() throws {
        let got = errorText {
            try report([record("1", [("x", ["A"])])], [record("1", [("x", ["A"]), ("y", nil)])])
        }
        #expect(got.contains("guess.jsonl:1: the prediction has 2 answers"), "\(got)")
    }

    /// The golden files are written by eval/parity/tasks.py with KILT's own scripts.
    @Test(arguments: ["pages", "paragraphs"]) func scoresAreThoseOfKILT(_ kind: String) throws {
        let keys = kind == "pages" ? ["wikipedia_id"] : ["wikipedia_id", "start_paragraph_id"]
        func golden(_ name: String) -> String { TestFiles.repository("Tests/EvaluationTests/Golden/" + name) }
        let expected = try JSONDecoder().decode(
            [String: [String: Double]].self, from: Data(contentsOf: URL(fileURLWithPath: golden("kilt.json"))))
        let found = try KILTReport(
            KILTPredictions(KILTFile(path: golden("kilt-guess.jsonl"), keys: keys)),
            against: KILTFile(path: golden("kilt-gold.jsonl"), keys: keys), cutoffs: [1, 2, 5])
        let scores = try #require(expected[kind])
        #expect(scores.count >= 12)
        for (name, value) in scores { #expect(isNear(found[name], value), "\(name)") }
    }
}

@Suite struct AnswerScoresTests {
    @Test(arguments: [
        ("The  Cat!", "cat"), ("an (old) U.S. flag", "old us flag"), ("theatre", "theatre"), ("A a THE", ""),
        ("co-operate", "cooperate"), ("\u{A0}ÉTÉ\n", "été"), ("the_cat", "thecat"),
    ]) func answersAreNormalisedAsInSQuAD(_ text: String, _ expected: String) {
        #expect(AnswerScores.normalise(text) == expected)
    }

    @Test func rougeTakesTheLongestCommonSubsequence() {
        // "the cat ran far" and "the dog ran": the, ran are 2 of 4 and 2 of 3 words: 2 · (1/2 · 2/3) / (1/2 + 2/3) = 4/7.
        #expect(abs(RougeL.f1("the cat ran far", "the dog ran") - 4.0 / 7) < 1e-7)
        #expect(RougeL.f1("...", "x") == 0)
        #expect(abs(RougeL.f1("x. y", "x y") - 1) < 1e-7)
        // Sentences share words one by one: "the cat" with both, "a dog" with neither of "dog a" as a whole: the, cat and one
        // of a, dog are 3 of 4 and 3 of 4 words.
        #expect(abs(RougeL.f1("the cat. a dog. the cat.", "dog a. the cat") - 0.75) < 1e-7)
    }
}
