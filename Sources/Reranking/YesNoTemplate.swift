/// How a language model is asked whether a passage answers a query, and the words of its answer.
public struct YesNoTemplate: Hashable, Sendable {
    /// The name in settings.
    public let name: String
    /// `{instruction}`, `{query}` and `{passage}` stand for the texts; the answer follows.
    public let prompt: String
    /// What `{instruction}` stands for unless the user says otherwise.
    public let instruction: String
    public let yes: String
    /// nil where the logit of `yes` alone is the score, as the model was trained.
    public let no: String?

    public init(name: String, prompt: String, instruction: String, yes: String, no: String?) {
        self.name = name
        self.prompt = prompt
        self.instruction = instruction
        self.yes = yes
        self.no = no
    }

    /// All that are known. This is where a new one is registered.
    public static let all = [qwen3, bgeGemma, chat, plain]

    /// That of Qwen3-Reranker (Zhang et al. 2025, arXiv 2506.05176).
    public static let qwen3 = YesNoTemplate(
        name: "qwen3",
        prompt: """
            <|im_start|>system
            Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the \
            answer can only be "yes" or "no".<|im_end|>
            <|im_start|>user
            <Instruct>: {instruction}
            <Query>: {query}
            <Document>: {passage}<|im_end|>
            <|im_start|>assistant
            <think>

            </think>


            """,
        instruction: "Given a web search query, retrieve relevant passages that answer the query", yes: "yes", no: "no")

    /// That of BGE-reranker-v2-gemma (Chen et al. 2024, arXiv 2402.03216), which scores by "Yes" alone.
    public static let bgeGemma = YesNoTemplate(
        name: "bge-gemma",
        prompt: """
            A: {query}
            B: {passage}
            {instruction}
            """,
        instruction: """
            Given a query A and a passage B, determine whether the passage contains an answer to the query by providing a \
            prediction of either 'Yes' or 'No'.
            """, yes: "Yes", no: nil)

    /// For models that follow instructions and mark turns as ChatML does.
    public static let chat = YesNoTemplate(
        name: "chat",
        prompt: """
            <|im_start|>user
            Passage: {passage}

            Query: {query}

            {instruction}<|im_end|>
            <|im_start|>assistant

            """,
        instruction: "Does the passage answer the query? Answer Yes or No.", yes: "Yes", no: "No")

    /// For models that continue texts.
    public static let plain = YesNoTemplate(
        name: "plain",
        prompt: """
            Passage: {passage}
            Query: {query}
            {instruction}
            Answer:
            """,
        instruction: "Does the passage answer the query? Answer Yes or No.", yes: " Yes", no: " No")

    /// The text before the passage and after it.
    func frame(query: String, instruction: String?) -> (before: String, after: String) {
        func filled(_ text: Substring) -> String {
            // In one pass, so that a query with braces stays as it is.
            var result = ""
            var rest = text
            while let place = rest.firstRange(of: "{") {
                result += rest[..<place.lowerBound]
                rest = rest[place.lowerBound...]
                if rest.hasPrefix("{query}") {
                    result += query
                    rest = rest.dropFirst("{query}".count)
                } else if rest.hasPrefix("{instruction}") {
                    result += instruction ?? self.instruction
                    rest = rest.dropFirst("{instruction}".count)
                } else {
                    result += "{"
                    rest = rest.dropFirst()
                }
            }
            return result + rest
        }
        guard let place = prompt.firstRange(of: "{passage}") else { return (filled(prompt[...]), "") }
        return (filled(prompt[..<place.lowerBound]), filled(prompt[place.upperBound...]))
    }
}
