import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlLexicalIndex

@Suite struct OperatorQueryTests {
    static let documents: [(title: String, text: String)] = [
        ("Apollo program", "The first moon landing was made by Apollo 11."),
        ("Gemini", "A program of state-of-the-art flights, before the landing on the Moon. Apollo came later."),
        ("Mice", "The influenza vaccine protects mice and men. Vaccines were injected."),
        ("Ferrets", "The influenza vaccine protects ferrets; Vaccinations of ferrets are rare."),
        ("Moon", "Landing gear and the landings of planes"),
        ("", "moon"),
    ]
    let fixture: LexicalFixture

    init() throws {
        fixture = try LexicalFixture(
            Self.documents.map { $0.title.isEmpty ? $0.text : $0.title + " " + $0.text }, sizes: [2, 0, 3, 1], .english)
    }

    private func found(_ text: String) throws -> Ranking {
        guard let node = try QuerySyntax.full.parse(text) else { return Ranking([]) }
        return try fixture.searcher.search(fixture.searcher.resolve(node), k: 10) { Self.documents[Int($0.rawValue)] }
    }

    @Test(arguments: [
        ("\"moon landing\"", [0]), ("\"landing on the moon\"", [1]), ("\"state of the art\"", [1]),
        // Words of a title and of the text after it are not next to each other.
        ("\"program the first\"", []), ("\"moon moon\"", []), ("\"ferrets are\"", [3]),
        ("title:moon", [4]), ("text:moon", [0, 1, 5]), ("text:apollo", [0, 1]), ("title:\"apollo program\"", [0]),
        ("text:\"apollo program\"", []), ("title:gem*", [1]), ("title:gemni~1", [1]),
        ("vaccin*", [2, 3]), ("vacc*", [2, 3]), ("vaccines*", [2, 3]), ("zzz*", []),
        ("influenca~1", [2, 3]), ("influezna~1", [2, 3]), ("inflenca~1", []), ("inflenca~2", [2, 3]),
        ("influenza -mice", [3]), ("influenza -\"mice and men\"", [3]), ("influenza -vaccin*", []),
        ("+ferrets influenza", [3]), ("moon AND NOT apollo", [4, 5]), ("(mice OR ferrets) AND vaccine", [2, 3]),
        ("mice OR gemini", [1, 2]), ("moon AND landing", [0, 1, 4]), ("moon -(apollo OR gear)", [5]),
        ("+state-of-the-art moon", [1]), ("+the moon", [0, 1, 4, 5]), ("the", []), ("absent", []), ("moon +absent", []),
        ("moon AND (landing OR absent) -gemini", [0, 4]),
    ]) func passagesMatch(query: String, expected: [UInt32]) throws {
        #expect(try found(query).map(\.passage.rawValue).sorted() == expected, "\(query)")
    }

    @Test func wordsAloneScoreAsPlainOnes() throws {
        for query in ["moon", "moon landing apollo", "influenza vaccine mice", "moon moon gear"] {
            let plain = try fixture.searcher.search(query, k: 10)
            let found = try found(query)
            #expect(found.map(\.passage) == plain.map(\.passage))
            for (a, b) in zip(found, plain) { #expect(abs(a.score - b.score) < 1e-5) }
        }
        // What is excluded changes no score.
        let plain = try fixture.searcher.search("moon landing", k: 10)
        #expect(try found("moon landing -gear") == Ranking(plain.filter { $0.passage.rawValue != 4 }))
    }

    @Test func theExplanationAddsUpToTheScore() throws {
        for text in [
            "\"moon landing\" apollo -gemini", "vaccin* mice", "title:moon landing", "influenca~2 AND vaccine",
        ] {
            let query = try fixture.searcher.resolve(try #require(try QuerySyntax.full.parse(text)))
            let ranking = try fixture.searcher.search(query, k: 10) { Self.documents[Int($0.rawValue)] }
            #expect(!ranking.isEmpty)
            for entry in ranking {
                let parts = try fixture.searcher.explain(query, passage: entry.passage) {
                    Self.documents[Int($0.rawValue)]
                }
                #expect(abs(parts.reduce(0) { $0 + $1.explanation.score } - entry.score) < 1e-5, "\(text)")
            }
        }
    }

    /// Words of a question say nothing, unless there are no others.
    @Test func askingWordsAreLeftOutOfOptionalWords() throws {
        let searcher = try fixture.searcher.with(BM25Parameters(), dropsAskingWords: true)
        func leaves(_ text: String) throws -> [String] {
            try searcher.resolve(try #require(try QuerySyntax.full.parse(text))).leaves.map(\.name)
        }
        #expect(try leaves("what was made -mice") == ["made", "mice"])
        #expect(try leaves("+what made") == ["what", "made"])
        #expect(try leaves("what -mice") == ["what", "mice"])
    }

    @Test func oneCharacterOfAScriptInPairsFindsThePairsThatBeginWithIt() throws {
        let fixture = try LexicalFixture(["猫が好き", "東京の猫", "犬"], sizes: [3], FoldingTests.plain)
        let node = try #require(fixture.searcher.settings.pairs(with: " 猫 "))
        let ranking = try fixture.searcher.search(fixture.searcher.resolve(node), k: 9) { _ in ("", "") }
        #expect(ranking.map(\.passage.rawValue) == [0])
        #expect(try fixture.searcher.search("犬", k: 9).count == 1)
        for other in ["猫が", "a", ""] { #expect(fixture.searcher.settings.pairs(with: other) == nil) }
    }

    @Test func requirementsHoldForOtherMethodsToo() throws {
        func allowed(_ text: String) throws -> [UInt32]? {
            let query = try fixture.searcher.resolve(try #require(try QuerySyntax.full.parse(text)))
            let texts: PassageTexts = { Self.documents[Int($0.rawValue)] }
            return try fixture.searcher.allowed(query, texts: texts).map { allows in
                (0..<6).filter { allows(PassageID($0)) }
            }
        }
        #expect(try allowed("moon landing") == nil && allowed("vaccin*") == nil && allowed("mice OR moon") == nil)
        #expect(try allowed("sea -moon") == [2, 3])
        #expect(
            try allowed("sea +ferrets") == [3] && allowed("\"moon landing\"") == [0] && allowed("title:moon") == [4])
    }

    @Test func manyTermsAreCutAndReported() throws {
        let texts = (0..<200).map { "many\($0) " + String(repeating: "many7 ", count: $0 % 3) }
        let fixture = try LexicalFixture(texts, sizes: [100, 100], LexicalSearchTests.plain)
        let query = try fixture.searcher.resolve(.prefix("many"))
        #expect(query.leaves[0].terms.count == LexicalSearcher.expansionLimit)
        #expect(query.leaves[0].terms[0].bytes == Array("many7".utf8))
        #expect(query.notes.count == 1 && query.notes[0].contains("200 terms"))
        let few = try fixture.searcher.resolve(.prefix("many19"))
        #expect(few.notes.isEmpty && few.leaves[0].terms.count == 11)
    }

    @Test func distancesAreThoseOfANaiveCount() {
        var random = SplitMix64(seed: 8)
        func word() -> String { String((0..<1 + random.below(7)).map { _ in "abé"[random.below(3)] }) }
        for limit in 1...2 {
            for _ in 0..<60 {
                let target = word()
                let words = Set((0..<80).map { _ in word() }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                var distance = EditDistance(to: target, limit: limit)
                for word in words {
                    let expected = Self.naiveDistance(Array(word), Array(target))
                    #expect(
                        distance.next(Array(word.utf8)[...]) == (expected <= limit ? expected : nil),
                        "\(word) \(target)")
                }
            }
        }
    }

    /// Optimal string alignment, whole table.
    private static func naiveDistance(_ a: [Character], _ b: [Character]) -> Int {
        var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { table[i][0] = i }
        for j in 0...b.count { table[0][j] = j }
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        for i in 1...a.count {
            for j in 1...b.count {
                table[i][j] = min(
                    table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
                }
            }
        }
        return table[a.count][b.count]
    }

    @Test(arguments: [
        ("vacinne", [("vacinne", "vaccine")]), ("Gemni mice", [("Gemni", "Gemini")]), ("moon landing", []),
        ("influenca vacine", [("influenca", "influenza"), ("vacine", "vaccine")]), ("xyzzyplugh", []), ("mon", []),
        ("b2b3 404040", []), ("ferets", [("ferets", "ferrets")]),
    ]) func wordsThatOccurNowhereAreCorrected(query: String, expected: [(String, String)]) throws {
        let found = try fixture.searcher.corrections(of: query) { Self.documents[Int($0.rawValue)] }
        #expect(found.map(\.word) == expected.map(\.0) && found.map(\.correction) == expected.map(\.1), "\(found)")
    }
}

extension String {
    fileprivate subscript(_ offset: Int) -> Character { self[index(startIndex, offsetBy: offset)] }
}
