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
}
