/// A query and a passage that answers it, shown to a model before the query it is to embed.
public struct InstructionExample: Codable, Hashable, Sendable {
    public let query: String
    public let passage: String

    public init(query: String, passage: String) {
        self.query = query
        self.passage = passage
    }
}

/// What stands before a text and behind it when it is embedded.
public struct EmbeddingPrompt: Hashable, Sendable {
    public let prefix: String
    public let suffix: String

    public init(prefix: String, suffix: String = "") {
        self.prefix = prefix
        self.suffix = suffix
    }

    public func around(_ text: String) -> String { prefix + text + suffix }
}

/// How a published embedding model wants queries and passages to be put, exactly as its authors write it.
public enum InstructionTemplate: String, CaseIterable, Sendable {
    /// E5-Mistral and multilingual-e5-instruct (Wang et al. 2024, arXiv 2401.00368).
    case e5Instruct = "e5-instruct"
    /// Qwen3-Embedding (arXiv 2506.05176): as E5, without the blank before the query.
    case qwen3 = "qwen3-embedding"
    /// BGE-en-ICL (Li et al. 2024, arXiv 2409.15700), whose queries also end in a mark.
    case bgeICL = "bge-en-icl"
    /// LG-ANNA-Embedding (arXiv 2506.07438): examples, instruction, query.
    case anna = "lg-anna"
    /// INSTRUCTOR (Su et al. 2023, arXiv 2212.09741): the instruction itself, left out of the pooling.
    case instructor
    /// nomic-embed-text (arXiv 2402.01613).
    case nomic
    /// E5 (Wang et al. 2022, arXiv 2212.03533).
    case e5
    /// BGE v1 and v1.5, English (Xiao et al. 2023, arXiv 2309.07597): queries only.
    case bge

    /// The template of a model by the name under which it was published; nil for others.
    public init?(modelName: String) {
        let name = modelName.lowercased()
        func has(_ parts: String...) -> Bool { parts.allSatisfy { name.contains($0) } }
        // The special ones first: bge-en-icl is a BGE, e5-mistral an E5.
        if has("bge", "icl") {
            self = .bgeICL
        } else if has("e5", "mistral") || has("e5", "instruct") {
            self = .e5Instruct
        } else if has("qwen3", "embedding") {
            self = .qwen3
        } else if has("lgai-embedding") || has("anna", "embedding") {
            self = .anna
        } else if has("instructor") {
            self = .instructor
        } else if has("nomic-embed-text") {
            self = .nomic
        } else if name.split(whereSeparator: { "-_/".contains($0) }).contains("e5") {
            self = .e5
        } else if has("bge-", "-en") {
            self = .bge
        } else {
            return nil
        }
    }

    /// The template that a query prompt in a model's own files follows.
    init?(queryPrompt: String) {
        if queryPrompt.hasPrefix("<instruct>"), queryPrompt.hasSuffix("\n<query>") {
            self = .bgeICL
            return
        }
        guard queryPrompt.hasPrefix("Instruct: ") else { return nil }
        if queryPrompt.hasSuffix("\nQuery: ") {
            self = .e5Instruct
        } else if queryPrompt.hasSuffix("\nQuery:") {
            self = .qwen3
        } else {
            return nil
        }
    }

    /// Whether queries are put with a task of the user's.
    public var takesInstruction: Bool {
        switch self {
        case .e5Instruct, .qwen3, .bgeICL, .anna, .instructor: true
        case .nomic, .e5, .bge: false
        }
    }

    /// Whether the model was trained to read examples before the query.
    public var takesExamples: Bool { self == .bgeICL || self == .anna }

    /// The task that the authors name for retrieval.
    public var standardInstruction: String {
        switch self {
        case .instructor: "Represent the question for retrieving supporting documents: "
        default: "Given a web search query, retrieve relevant passages that answer the query"
        }
    }

    /// What stands around a query.
    public func query(instruction: String? = nil, examples: [InstructionExample] = []) -> EmbeddingPrompt {
        let task = instruction ?? standardInstruction
        switch self {
        case .e5Instruct: return EmbeddingPrompt(prefix: "Instruct: \(task)\nQuery: ")
        case .qwen3: return EmbeddingPrompt(prefix: "Instruct: \(task)\nQuery:")
        case .bgeICL:
            let shown = examples.map { "<instruct>\(task)\n<query>\($0.query)\n<response>\($0.passage)\n\n" }
            return EmbeddingPrompt(prefix: shown.joined() + "<instruct>\(task)\n<query>", suffix: "\n<response>")
        case .anna:
            let shown = examples.map { "Instruct: \(task)\nQuery: \($0.query)\nResponse: \($0.passage)\n\n" }
            return EmbeddingPrompt(prefix: shown.joined() + "Instruct: \(task)\nQuery: ")
        case .instructor: return EmbeddingPrompt(prefix: task)
        case .nomic: return EmbeddingPrompt(prefix: "search_query: ")
        case .e5: return EmbeddingPrompt(prefix: "query: ")
        case .bge: return EmbeddingPrompt(prefix: "Represent this sentence for searching relevant passages: ")
        }
    }

    /// The task that a prompt of queries states; nil for a prompt that does not follow the template.
    func instruction(in prompt: String) -> String? {
        let marks = query(instruction: "\u{0}").prefix.split(separator: "\u{0}", omittingEmptySubsequences: false)
        guard takesInstruction, marks.count == 2, prompt.hasPrefix(marks[0]), prompt.hasSuffix(marks[1]),
            prompt.count >= marks[0].count + marks[1].count
        else { return nil }
        return String(prompt.dropFirst(marks[0].count).dropLast(marks[1].count))
    }

    /// The text around a query of a model that has a prompt of its own.
    func query(prompt: String) -> EmbeddingPrompt {
        let standard = query()
        return EmbeddingPrompt(prefix: prompt, suffix: Self(queryPrompt: prompt) == self ? standard.suffix : "")
    }

    /// What stands around a passage.
    public var passage: EmbeddingPrompt {
        switch self {
        case .nomic: EmbeddingPrompt(prefix: "search_document: ")
        case .e5: EmbeddingPrompt(prefix: "passage: ")
        case .instructor: EmbeddingPrompt(prefix: "Represent the document for retrieval: ")
        case .e5Instruct, .qwen3, .bgeICL, .anna, .bge: EmbeddingPrompt(prefix: "")
        }
    }
}
