import Testing
import TrawlCore

@testable import TrawlEngine

@Suite struct SnippetTests {
    /// A snippet around the words of `contributions` in `text`, highlights in brackets.
    private func snippet(_ text: String, _ contributions: KeyValuePairs<String, Float>) -> String {
        let matches = contributions.map { word, contribution in
            Match(
                stage: "lexical", text: word, count: 1, contribution: contribution,
                ranges: text.ranges(of: word).map { range in
                    let start = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
                    return start..<start + word.utf8.count
                })
        }
        return Snippet(text, matches: matches).rendered { "[\($0)]" }
    }

    private let filler = String(repeating: "some other words ", count: 40)

    @Test func showsTheBeginningWhereNothingMatches() {
        #expect(snippet("short", [:]) == "short")
        #expect(snippet(filler, [:]).hasPrefix("some other") && snippet(filler, [:]).hasSuffix("…"))
    }

    @Test func showsThePartInWhichDifferentMatchesAddMost() {
        let text = "tide \(filler)tide tide tide \(filler)the moon and the tide \(filler)moon"
        let shown = snippet(text, ["tide": 1, "moon": 2])
        #expect(shown.hasPrefix("…") && shown.contains("the [moon] and the [tide] some"), "\(shown)")
        // The beginning, and then the first, where others are no better.
        #expect(snippet("tide \(filler)tide", ["tide": 1]).hasPrefix("[tide] some"))
        #expect(snippet("\(filler)one tide \(filler)two tide", ["tide": 1]).contains("one [tide]"))
        #expect(snippet("\(filler)tide \(filler)moon", ["tide": -1, "moon": 0]).hasPrefix("some other"))
    }

    @Test func textWithoutSpacesIsShownAroundItsMatch() {
        let text = String(repeating: "海", count: 400) + "月" + String(repeating: "海", count: 400)
        let shown = snippet(text, ["月": 1])
        #expect(shown.hasPrefix("…海") && shown.contains("海[月]海") && shown.hasSuffix("海…"), "\(shown)")
        #expect(shown.utf8.count <= Snippet.length + 10)
    }

    @Test func rangesBeyondTheTextAreLeftOut() {
        let match = Match(stage: "lexical", text: "x", count: 1, contribution: 9, ranges: [700..<710, 3..<3])
        #expect(Snippet(filler, matches: [match]).rendered { "[\($0)]" }.hasPrefix("some other"))
        #expect(Snippet("x", highlights: [0..<5]).rendered { "[\($0)]" } == "x")
    }

    /// Against all windows, one by one.
    @Test func theBestPartIsFoundInRandomTexts() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<300 {
            let words = (0..<Int.random(in: 1...300, using: &random)).map { _ in
                ["aa", "bb", "cc", "word", "word", "word", "word", "word"].randomElement(using: &random) ?? ""
            }
            let text = words.joined(separator: " ")
            let worth: [String: Float] = ["aa": 1, "bb": 2, "cc": 4]
            func sum(_ shown: Substring) -> Float {
                worth.reduce(0) { $0 + (shown.contains($1.key) ? $1.value : 0) }
            }
            let shown = snippet(text, ["aa": 1, "bb": 2, "cc": 4])
                .replacing("[", with: "").replacing("]", with: "").replacing("…", with: "")
            let positions = Array(text.indices)
            let most =
                positions.indices.map { start in
                    // What surely is in the part that begins where a match does, less the words before it.
                    sum(text[positions[start]..<positions[min(positions.count - 1, start + 200)]])
                }.max() ?? 0
            #expect(sum(shown[...]) >= most)
        }
    }
}
