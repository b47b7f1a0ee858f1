import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEvaluation

@Suite struct AnswerMatcherTests {
    private struct Case: Decodable {
        let text: String
        let answers: [String]
        let rule: String
        let found: Bool
    }

    private func matches(_ text: String, _ answers: String..., rule: AnswerMatcher.Rule = .string) -> Bool {
        var matcher = AnswerMatcher(rule)
        return matcher.matches(matcher.prepare(text), answers)
    }

    @Test func tokensOfAnAnswerStandNextToEachOther() {
        // The text's tokens: new, york, ,, u, ., s, ., 1, ,, 000
        let text = "New York, U.S. 1,000"
        #expect(matches(text, "new york"))
        #expect(matches(text, "U.S."))
        #expect(matches(text, "u . s"))
        #expect(!matches(text, "US"))  // one token, which the text does not have
        #expect(!matches(text, "York U"))  // a comma stands between
        #expect(!matches(text, "Ne"))  // not a whole token
        #expect(matches(text, "nowhere", "1,000"))
        #expect(!matches("", "x"))
    }

    @Test func accentsCompareAfterDecomposition() {
        #expect(matches("un caf\u{E9}", "cafe\u{301}"))
        #expect(!matches("un café", "cafe"))
    }

    @Test func expressionsAreFoundWhateverTheirCase() {
        #expect(matches("born in 1969\nin Ulm", #"\b19\d\d$"#, rule: .regex))
        #expect(matches("ULM", "^ulm", rule: .regex))
        var matcher = AnswerMatcher(.regex)
        #expect(!matcher.matches(matcher.prepare("["), ["["]) && matcher.invalidExpressions == ["["])
    }

    /// Backtracking through all ways to cut the letters would not end.
    @Test func expressionsThatTakeTooManyStepsMatchNothing() {
        var matcher = AnswerMatcher(.regex)
        let text = matcher.prepare(String(repeating: "a", count: 200))
        let isFound = matcher.matches(text, ["(a+)+b"])
        #expect(!isFound && matcher.invalidExpressions == ["(a+)+b"])
        let isOtherFound = matcher.matches(text, ["(a+)+b", "a{200}"])
        #expect(isOtherFound)
    }

    /// The golden file is written by eval/parity/tasks.py with DPR's own code.
    @Test func answersAreFoundWhereDPRFindsThem() throws {
        let path = TestFiles.repository("Tests/EvaluationTests/Golden/answers.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(cases.count > 300 && cases.contains { $0.found } && cases.contains { !$0.found })
        for test in cases {
            var matcher = AnswerMatcher(try #require(AnswerMatcher.Rule(rawValue: test.rule)))
            let found = matcher.matches(matcher.prepare(test.text), test.answers)
            #expect(found == test.found, "\(test.rule) \(test.answers) in '\(test.text)'")
        }
    }
}

@Suite struct AnsweredQuestionsTests {
    private func read(_ text: String) throws -> AnsweredQuestions {
        try withFile(text) { try AnsweredQuestions(path: $0) }
    }

    @Test func layoutsAreToldApart() throws {
        let lines = try read(
            """
            {"_id": "q1", "text": "who?", "answers": ["Ann", "Ann B."]}

            {"question": "when?", "answer": 1969}
            {"id": 7, "question": "never answered", "answers": []}
            """)
        #expect(lines.questions.map(\.id) == ["q1", "3"])
        #expect(lines.questions.map(\.answers) == [["Ann", "Ann B."], ["1969"]])
        #expect(lines.withoutAnswers == 1)
        let array = try read(#"[{"question": "a", "answers": ["x"]}, {"question": "b", "answers": "y"}]"#)
        #expect(array.questions.map(\.id) == ["0", "1"] && array.questions[1].answers == ["y"])
        let table = try read("who said \"hi\"?\t['Ann', \"O'Neill\", 'caf\\xe9\\'s']\nwhen\t\"['a', \"\"b's\"\"]\"\n")
        #expect(table.questions.map(\.id) == ["0", "1"])
        #expect(table.questions.map(\.answers) == [["Ann", "O'Neill", "café's"], ["a", "b's"]])
        #expect(table.questions[0].text == "who said \"hi\"?")
    }

    @Test(arguments: [
        ("who\tAnn\n", ":1: the line is not a question and a list of answers"),
        ("a\t['x']\nb\t[' ']\n", ":2: an answer is blank"),
        (#"{"question": "x"}"#, ":1: there is no field 'answers'"),
        ("{\"question\": \"x\", \"answers\": [\"\"]}", ":1: question 1 has the blank answer"),
        (#"{"question": "x", "answers": []}"#, "no question has an answer"),
    ]) func otherLayoutsAreNamedByLine(_ text: String, _ message: String) {
        let got = errorText { try read(text) }
        #expect(got.contains(message), "\(got)")
    }

    @Test func accuracyCountsQuestionsByTheRankOfTheirFirstAnswer() {
        var accuracy = AnswerAccuracy(cutoffs: [5, 1])
        for (number, rank) in [1, 5, 6, nil].enumerated() { accuracy.add("\(number)", firstRank: rank) }
        // Of four questions one has an answer at rank 1, two within rank 5.
        #expect(accuracy.measures == ["A@1", "A@5"] && accuracy.means == [0.25, 0.5])
    }
}
