internal import TrawlCore

/// What a text is to a search.
public enum TextRole: String, CaseIterable, Sendable {
    case query, passage

    /// The names of prompts in a model's files that are meant for it, as sentence-transformers looks for them.
    fileprivate var promptNames: [String] {
        switch self {
        case .query: ["query", "search_query", "retrieval.query"]
        case .passage: ["document", "passage", "corpus", "search_document", "retrieval.passage"]
        }
    }
}

extension TextEmbedder {
    /// What stands around a text of a role: what the model's own files say, or else its published template, or nothing.
    ///
    /// - Parameters:
    ///   - instruction: the task, in place of the one in the model's own prompt; for queries.
    ///   - examples: what the model is shown before the query.
    /// - Throws: `TrawlError.invalidInput` for an instruction or examples that the model was not made for.
    public func prompt(
        for role: TextRole, instruction: String? = nil, examples: [InstructionExample] = []
    ) throws -> EmbeddingPrompt {
        if instruction != nil || !examples.isEmpty {
            guard role == .query, let template, template.takesInstruction else {
                throw TrawlError(
                    .invalidInput, "the model takes no instruction", path: folder,
                    remedy: "leave out the instruction, or write the whole text before queries as a prompt")
            }
            guard examples.isEmpty || template.takesExamples else {
                throw TrawlError(
                    .invalidInput, "the model was not made to be shown examples", path: folder,
                    remedy: "leave them out, or take a model like bge-en-icl")
            }
            let task = instruction ?? prompts["query"].flatMap(template.instruction(in:))
            return template.query(instruction: task, examples: examples)
        }
        return Self.standardPrompt(role, prompts, defaultPromptName, template)
    }

    /// What stands around a text unless the user asks for something else.
    static func standardPrompt(
        _ role: TextRole, _ prompts: [String: String], _ defaultName: String?, _ template: InstructionTemplate?
    ) -> EmbeddingPrompt {
        if let own = role.promptNames.lazy.compactMap({ prompts[$0] }).first {
            return role == .query
                ? template?.query(prompt: own) ?? EmbeddingPrompt(prefix: own) : EmbeddingPrompt(prefix: own)
        }
        if let text = defaultName.flatMap({ prompts[$0] }) { return EmbeddingPrompt(prefix: text) }
        guard let template else { return EmbeddingPrompt(prefix: "") }
        return role == .query ? template.query() : template.passage
    }
}
