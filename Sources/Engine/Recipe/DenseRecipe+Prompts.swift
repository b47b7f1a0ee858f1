import TrawlCore
import TrawlEmbeddings

extension DenseRecipe {
    /// What stands around queries when `embedder` embeds them: the recipe's own text, or what the model is made for.
    func queryPrompt(of embedder: TextEmbedder) throws -> EmbeddingPrompt {
        if let queryPrompt { return EmbeddingPrompt(prefix: queryPrompt) }
        return try embedder.prompt(for: .query, instruction: instruction, examples: examples)
    }

    /// What stands around passages.
    func passagePrompt(of embedder: TextEmbedder) throws -> EmbeddingPrompt {
        if let passagePrompt { return EmbeddingPrompt(prefix: passagePrompt) }
        return try embedder.prompt(for: .passage)
    }
}
