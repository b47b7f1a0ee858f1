import TrawlCore
public import TrawlEmbeddings
public import TrawlEngine

/// The prompt of queries in one trial of a sweep.
public enum PromptChoice: Hashable, Sendable {
    /// What the settings and the model's own files say.
    case `default`
    /// A text of the user's own.
    case prompt(String)
    /// An instruction (nil: the model's) and examples, for models made for them.
    case task(instruction: String?, examples: [InstructionExample])
}

extension DenseSettings {
    /// Replaces what stands before queries.
    public mutating func choose(_ choice: PromptChoice) {
        switch choice {
        case .default: break
        case .prompt(let text): (queryPrompt, instruction, examples) = (text, nil, [])
        case .task(let task, let examples):
            (queryPrompt, instruction, self.examples) = (nil, task ?? instruction, examples)
        }
    }
}

/// Looks for the prompt, or the instruction and examples, under which an embedding model answers best, knowing nothing of
/// the model but the scores of queries with judgements.
///
/// Candidates that mean the same are tried once; those that do not move the score are dropped; examples are then added one
/// by one, always the one that helps most, as long as one does (Prasad et al. 2023, GrIPS, arXiv 2203.07281, searches
/// instructions likewise). What wins has seen the queries: `PromptSweepRun` tests it on others.
public struct PromptSweep: Sendable {
    /// What is tried, as a YAML file holds it.
    public struct Candidates: Decodable, Sendable {
        public var prompts: [String] = []
        public var instructions: [String] = []
        public var examples: [InstructionExample] = []
        /// Judged queries that give more examples.
        public var judgedExamples: JudgedExamples?
        public var maximumExamples = 3
        /// The most trials; each embeds and searches all queries.
        public var evaluations = 60
        /// The cosine from which on two candidates count as the same.
        public var alike: Float = 0.95

        public init() {}

        enum CodingKeys: String, CodingKey, CaseIterable {
            case prompts, instructions, examples, judgedExamples, maximumExamples, evaluations, alike
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
            prompts = try values.decode(.prompts, default: [])
            instructions = try values.decode(.instructions, default: [])
            examples = try values.decode(.examples, default: [])
            judgedExamples = try values.decodeIfPresent(JudgedExamples.self, forKey: .judgedExamples)
            maximumExamples = try values.decode(.maximumExamples, default: maximumExamples)
            evaluations = try values.decode(.evaluations, default: evaluations)
            alike = try values.decode(.alike, default: alike)
            guard evaluations > 1, maximumExamples >= 0, (0...1).contains(alike) else {
                throw TrawlError(
                    .invalidInput, "evaluations must be at least 2, maximumExamples at least 0, alike from 0 to 1")
            }
            guard !(prompts + instructions).isEmpty || !examples.isEmpty || judgedExamples != nil else {
                throw TrawlError(
                    .invalidInput, "there is nothing to try", remedy: "list prompts, instructions or examples")
            }
        }
    }

    /// One choice and its score.
    public struct Trial: Sendable {
        public let choice: PromptChoice
        public let score: Double
    }

    private let candidates: Candidates

    public init(_ candidates: Candidates) { self.candidates = candidates }

    /// All trials in the order in which they were made, the default one first.
    ///
    /// - Parameters:
    ///   - embed: embeds texts, to tell which candidates mean the same.
    ///   - score: what the queries score under a choice; more is better.
    public func run(
        embed: ([String]) throws -> EmbeddingMatrix, score: (PromptChoice) throws -> Double
    ) throws -> [Trial] {
        var trials: [Trial] = []
        /// nil when the trials are used up.
        func attempt(_ choice: PromptChoice) throws -> Trial? {
            if let known = trials.first(where: { $0.choice == choice }) { return known }
            guard trials.count < candidates.evaluations else { return nil }
            trials.append(Trial(choice: choice, score: try score(choice)))
            return trials.last
        }
        let first = try attempt(.default)
        for prompt in try unlike(candidates.prompts, text: { $0 }, embed) { _ = try attempt(.prompt(prompt)) }
        // The best instruction so far, and its score.
        var best: (instruction: String?, score: Double) = (nil, first?.score ?? 0)
        for instruction in try unlike(candidates.instructions, text: { $0 }, embed) {
            guard let trial = try attempt(.task(instruction: instruction, examples: [])) else { break }
            if trial.score > best.score { best = (instruction, trial.score) }
        }
        var pool: [(example: InstructionExample, score: Double)] = []
        for example in try unlike(candidates.examples, text: { $0.query + "\n" + $0.passage }, embed) {
            guard let trial = try attempt(.task(instruction: best.instruction, examples: [example])) else { break }
            if trial.score > best.score { pool.append((example, trial.score)) }
        }
        var chosen: [InstructionExample] = []
        while chosen.count < candidates.maximumExamples {
            var next: (example: InstructionExample, score: Double)?
            for (example, _) in pool where !chosen.contains(example) {
                let choice = PromptChoice.task(instruction: best.instruction, examples: chosen + [example])
                guard let trial = try attempt(choice) else { break }
                if trial.score > next?.score ?? best.score { next = (example, trial.score) }
            }
            guard let next else { break }
            chosen.append(next.example)
            best.score = next.score
        }
        return trials
    }

    /// The first of each group of candidates that mean the same.
    private func unlike<Candidate>(
        _ candidates: [Candidate], text: (Candidate) -> String, _ embed: ([String]) throws -> EmbeddingMatrix
    ) throws -> [Candidate] {
        guard candidates.count > 1 else { return candidates }
        let vectors = try embed(candidates.map(text)).normalised()
        var kept: [Int] = []
        for index in candidates.indices {
            let isNew = kept.allSatisfy { other in
                zip(vectors[index], vectors[other]).reduce(0) { $0 + $1.0 * $1.1 } < self.candidates.alike
            }
            if isNew { kept.append(index) }
        }
        return kept.map { candidates[$0] }
    }
}
