import Testing
import TrawlCore
import TrawlEmbeddings

@testable import TrawlWorkbench

@Suite struct PromptSweepTests {
    /// A letter a dimension: texts of the same letters are alike.
    private func embed(_ texts: [String]) -> EmbeddingMatrix {
        let rows = texts.map { text in
            (0..<26).map { letter in Float(text.utf8.count { Int($0) == 97 + letter }) }
        }
        return EmbeddingMatrix(count: texts.count, dimension: 26, values: rows.flatMap { $0 })
    }

    private func example(_ name: String) -> InstructionExample { InstructionExample(query: name, passage: name) }

    @Test func theBestInstructionGetsTheExamplesThatHelpTogether() throws {
        var candidates = PromptSweep.Candidates()
        candidates.instructions = ["good", "doog", "bad"]
        candidates.examples = ["x", "y", "z", "w"].map(example)
        var asked: [PromptChoice] = []
        let worth: [String: Double] = ["x": 0.2, "y": 0.1, "z": -0.1, "w": 0.05]
        let trials = try PromptSweep(candidates).run(embed: embed) { choice in
            asked.append(choice)
            guard case .task(let instruction, let examples) = choice else { return 0.5 }
            // x and w say the same: together they are worth no more than x.
            let names = Set(examples.map(\.query))
            let sum = names.subtracting(names.contains("x") ? ["w"] : []).reduce(0) { $0 + (worth[$1] ?? 0) }
            return (instruction == "good" ? 0.6 : 0.4) + sum
        }
        #expect(trials.map(\.choice) == asked)
        #expect(asked.first == .default)
        // "doog" has the letters of "good" and was not tried.
        #expect(!asked.contains(.task(instruction: "doog", examples: [])))
        let best = trials.max { $0.score < $1.score }
        #expect(best?.choice == .task(instruction: "good", examples: [example("x"), example("y")]))
        // z moved the score down and is in no pair.
        #expect(
            !asked.contains {
                if case .task(_, let shown) = $0 { shown.count > 1 && shown.contains(example("z")) } else { false }
            })
    }

    @Test func trialsAreNoMoreThanAllowedAndEachMadeOnce() throws {
        var candidates = PromptSweep.Candidates()
        candidates.prompts = (0..<20).map { String(UnicodeScalar(UInt8(97 + $0))) }
        candidates.evaluations = 7
        var asked: Set<PromptChoice> = []
        let trials = try PromptSweep(candidates).run(embed: embed) { choice in
            #expect(asked.insert(choice).inserted)
            return 0
        }
        #expect(trials.count == 7)
    }

    /// Ten points in three groups.
    private static let points = EmbeddingMatrix(
        count: 10, dimension: 3,
        values: (0..<10).flatMap { number -> [Float] in
            let angle = Float(number) * 0.15
            let vector: [Float] = [[1, angle, 0], [0, 1, angle], [angle, 0, 1]][number % 3]
            let length = (1 + angle * angle).squareRoot()
            return vector.map { $0 / length }
        })

    private static func coverage(_ chosen: [Int]) -> Float {
        (0..<points.count).reduce(0) { sum, text in
            sum + (chosen.map { zip(points[$0], points[text]).reduce(0) { $0 + $1.0 * $1.1 } }.max() ?? 0)
        }
    }

    @Test func chosenExamplesStandForTheOthers() {
        let chosen = ExampleSelection.choose(3, from: Self.points)
        #expect(Set(chosen.map { $0 % 3 }) == [0, 1, 2])
        var best: Float = 0
        for a in 0..<10 { for b in 0..<a { for c in 0..<b { best = max(best, Self.coverage([a, b, c])) } } }
        #expect(Self.coverage(chosen) >= 0.63 * best)
        // None is too like another, so that there are fewer than asked for.
        #expect(ExampleSelection.choose(10, from: Self.points, alike: 0.5).count < 10)
        #expect(ExampleSelection.choose(2, from: EmbeddingMatrix(count: 0, dimension: 3, values: [])).isEmpty)
    }

    @Test func aCandidateThatIsThereTwiceChangesNothing() {
        let chosen = ExampleSelection.choose(3, from: Self.points)
        let twice = EmbeddingMatrix(
            count: 11, dimension: 3, values: (0..<11).flatMap { Array(Self.points[$0 < 10 ? $0 : chosen[0]]) })
        #expect(ExampleSelection.choose(3, from: twice) == chosen)
    }

    @Test func everyOtherQueryTestsTheChoice() {
        let many = PromptSweepRun.Halves((0..<41).map(String.init))
        #expect(many.choosing.count == 21 && many.testing.count == 20)
        #expect(Set(many.choosing + many.testing).count == 41)
        let few = PromptSweepRun.Halves((0..<39).map(String.init))
        #expect(few.choosing.count == 39 && few.testing.isEmpty)
    }
}
