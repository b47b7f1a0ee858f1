import Testing
import TrawlCore

@testable import TrawlSenses

/// Disambiguated Skip-gram learns from text alone which occurrences of a word belong together.
@Suite struct SenseTrainingTests {
    private static func training(senses: Int = 2, seed: UInt64 = 1) -> SenseTraining {
        var training = SenseTraining()
        (training.senses, training.dimensions, training.passes, training.seed) = (senses, 16, 6, seed)
        return training
    }

    @Test func theAdjustedRandIndexHasItsKnownValues() {
        #expect(adjustedRandIndex([0, 0, 1, 1], [5, 5, 3, 3]) == 1)
        #expect(adjustedRandIndex([0, 0, 0, 0], [0, 0, 1, 1]) == 0)
        #expect(abs(adjustedRandIndex([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]) - 0.242424) < 1e-6)
    }

    @Test(arguments: [2, 3], [1, 2, 3] as [UInt64])
    func contextsThatShareNoWordBecomeSenses(senses: Int, seed: UInt64) throws {
        let words = PseudoWords()
        let model = try Self.training(senses: senses, seed: seed).model(of: words.text)
        let found = try words.senses(by: model)
        #expect(found.count == words.subjects.count)
        let index = adjustedRandIndex(words.subjects, found)
        #expect(senses == 2 ? index > 0.9 : index > 0.6, "\(index)")
        // Each sense has neighbours of one subject.
        let bank = try #require(model.number(of: "bank"))
        for sense in 0..<model.senseCount(of: bank) {
            let near = model.neighbours(of: bank, sense: sense, limit: 5).map { model.words[$0.word].form.prefix(5) }
            #expect(Set(near).count == 1, "\(near)")
        }
    }

    @Test func oneSenseTellsNothingApart() throws {
        let words = PseudoWords(texts: 60)
        let model = try Self.training(senses: 1).model(of: words.text)
        let bank = try #require(model.number(of: "bank"))
        #expect(model.senseCount(of: bank) == 1 && model.share(of: bank, sense: 0) == 1)
        #expect(adjustedRandIndex(words.subjects, try words.senses(by: model)) == 0)
    }

    @Test func theSameSeedGivesTheSameBits() throws {
        let text = PseudoWords(texts: 60).text
        let (first, second) = (try Self.training().model(of: text), try Self.training().model(of: text))
        #expect(first.tables.all == second.tables.all)
        #expect(try Self.training(seed: 2).model(of: text).tables.all != first.tables.all)
    }

    @Test func sensesAreOrderedByTheirShareAndRareOnesDoNotCount() throws {
        let model = try Self.training(senses: 4).model(of: PseudoWords().text)
        for word in model.words.indices {
            let shares = (0..<model.senseCount(of: word)).map { model.share(of: word, sense: $0) }
            #expect(!shares.isEmpty && shares == shares.sorted(by: >))
            #expect(shares.allSatisfy { $0 >= 0.05 } || shares.count == 1)
        }
    }

    @Test func textWithoutFrequentWordsAndBadSettingsAreRefused() {
        var builder = SenseTextBuilder()
        for word in ["a", "b", "c"] { builder.add(term: word, form: word) }
        builder.endText()
        let text = builder.finish(minimumCount: 2, maximumWords: 10)
        #expect(throws: TrawlError.self) { try SenseTraining().model(of: text) }
        var training = SenseTraining()
        training.dimensions = 20
        #expect(throws: TrawlError.self) { try training.model(of: PseudoWords(texts: 10).text) }
    }

    @Test func aCancelledTrainingEnds() {
        let cancellation = Cancellation { true }
        #expect(throws: CancellationError.self) {
            try SenseTraining().model(of: PseudoWords(texts: 10).text, cancellation: cancellation)
        }
    }
}
