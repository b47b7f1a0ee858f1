import Testing
import TrawlCore
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlEngine

@Suite struct PhraseQueryTests {
    @Test(
        arguments: [
            ("the moon", [["the moon"]]),
            ("  the   moon ", [["the moon"]]),
            ("tide OR tides AND moon", [["tide", "tides"], ["moon"]]),
            ("a AND b AND c OR d", [["a"], ["b"], ["c", "d"]]),
            ("\"rock AND roll\" OR jazz", [["rock AND roll", "jazz"]]),
            ("\" spaced \"", [[" spaced "]]),
            ("AND", nil), ("", nil), ("   ", nil), ("a AND", nil), ("OR a", nil), ("a AND OR b", nil), ("\"open", nil),
            ("\"a\" b", nil), ("\"\"", nil),
            ("said \"so\"", [["said \"so\""]]), ("and or", [["and or"]]), ("ANDROID ORE", [["ANDROID ORE"]]),
        ] as [(String, [[String]]?)])
    func orBindsTighterThanAnd(_ text: String, _ expected: [[String]]?) throws {
        if let expected {
            #expect(try PhraseQuery(text).clauses == expected)
        } else {
            #expect { try PhraseQuery(text) } throws: { ($0 as? TrawlError)?.code == .invalidInput }
        }
    }

    /// Random queries over a random corpus against a scan of the tokens of its passages.
    @Test func conjunctionsEqualAScan() throws {
        let folder = try UpdateFolder()
        var random = SplitMix64(seed: 5)
        let documents = (0..<120).map { number in
            TestDocument(id: "d\(number)", title: "", text: TestDocument.random("", &random).text)
        }
        var recipe = IndexRecipe.updates(["generative"])
        recipe.passages = PassageRecipe(size: .whole)
        let path = try folder.build("a.trawl", documents, recipe)
        // A third deleted, so that the dead must not be counted.
        let dead = documents.indices.filter { $0 % 3 == 0 }
        _ = try IndexUpdater(path: path).delete(dead.map { DocumentID(documents[$0].id) })
        let index = try SearchIndex(path: path)
        let tokenizer = try index.tokenizer()
        func tokens(_ text: String) -> [TokenID] { tokenizer.encodeIDs(" " + text, addSpecialTokens: false) }
        let texts = documents.indices.filter { $0 % 3 != 0 }.map { tokens(documents[$0].text) }
        let finder = try PhraseFinder(index: index)
        let words = TestDocument.vocabulary.map { $0.lowercased() }
        var met = 0
        for round in 0..<150 {
            let clauses = (0...round % 3).map { _ in
                (0...random.below(2)).map { _ in
                    (0...random.below(2)).map { _ in words[random.below(round % 2 == 0 ? 8 : words.count)] }
                        .joined(separator: " ")
                }
            }
            let text = clauses.map { $0.joined(separator: " OR ") }.joined(separator: " AND ")
            var options = PhraseFinder.Options()
            options.within = round % 2 == 0 ? random.below(6) : nil
            options.passages = 3
            let found = try finder.find(PhraseQuery(text), named: text, options)
            let expected = Self.scan(
                texts, clauses.map { $0.map(tokens) }, within: clauses.count > 1 ? options.within : nil)
            #expect(found.count == expected.count && found.passageCount == expected.passages, "\(text) \(options)")
            #expect(found.documentCount == expected.passages && !found.isEstimate)
            #expect(try finder.count(PhraseQuery(text), named: text, options).count == expected.count)
            #expect(found.passages.map(\.count) == found.passages.map(\.count).sorted(by: >))
            if clauses.count > 1, found.count > 0 { met += 1 }
        }
        #expect(met > 20)
    }

    /// The definition: occurrences of the rarest clause, the first of equal ones, near one of every other.
    private static func scan(_ texts: [[TokenID]], _ clauses: [[[TokenID]]], within distance: Int?) -> (
        count: Int, passages: Int
    ) {
        func places(_ clause: [[TokenID]], _ text: [TokenID]) -> [Range<Int>] {
            // Every place once: what holds another phrase of the clause is counted with that.
            let shortest = Set(clause).filter { ngram in
                !clause.contains { other in
                    other != ngram && ngram.indices.contains { ngram[$0...].starts(with: other) }
                }
            }
            return shortest.flatMap { ngram in
                text.indices.compactMap { start in
                    text[start...].starts(with: ngram) ? start..<start + ngram.count : nil
                }
            }
        }
        let totals = clauses.map { clause in texts.reduce(0) { $0 + places(clause, $1).count } }
        let rarest = clauses.indices.min { (totals[$0], $0) < (totals[$1], $1) } ?? 0
        var (count, passages) = (0, 0)
        for text in texts {
            let spans = clauses.map { places($0, text) }
            guard spans.allSatisfy({ !$0.isEmpty }) else { continue }
            let near = spans[rarest].count { anchor in
                spans.allSatisfy { others in
                    others.contains { other in
                        distance.map {
                            max(other.lowerBound - anchor.upperBound, anchor.lowerBound - other.upperBound) <= $0
                        } ?? true
                    }
                }
            }
            count += near
            if near > 0 { passages += 1 }
        }
        return (count, passages)
    }

    @Test func beyondTheCapCountsAreEstimatesAndSaySo() throws {
        let folder = try UpdateFolder()
        let documents = (0..<300).map {
            TestDocument(id: "d\($0)", title: "", text: $0 % 3 == 0 ? "the moon shines" : "the moon of mars shines")
        }
        let path = try folder.build("a.trawl", documents, .updates(["generative"]))
        let finder = try PhraseFinder(index: SearchIndex(path: path))
        var options = PhraseFinder.Options()
        options.within = 0
        let query = try PhraseQuery("moon AND shines")
        let exact = try finder.find(query, named: "", options)
        #expect(exact.count == 100 && !exact.isEstimate)
        options.readLimit = 150
        let estimate = try finder.find(query, named: "", options)
        #expect(estimate.isEstimate && abs(estimate.count - 100) <= 25, "\(estimate.count)")
        #expect(try finder.count(query, named: "", options).isEstimate)
        #expect(try finder.find(query, named: "", options).count == estimate.count)
    }
}
