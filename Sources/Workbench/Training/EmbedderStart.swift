import TrawlCore
import TrawlEmbeddings
import TrawlEngine
import TrawlModels
import TrawlTraining

/// The model that the training of an embedder begins with: how it reads texts, and its network.
struct EmbedderStart {
    /// Texts as tokens, and how many of them are cut.
    typealias Inputs = (tokens: [[TokenID]], cutTexts: Int)

    /// The tokens, at most `maximum`, of a query after examples.
    typealias Showing = @Sendable (_ query: String, _ shown: [InstructionExample], _ maximum: Int) -> [TokenID]

    let model: ModelFolder
    /// The queries and the passages as searches put them; texts without a role where people compared texts.
    let inputs: (_ texts: [String], _ role: TextRole?) throws -> Inputs
    /// The embedder whose similarities say which passages a query may not be compared with; nil for a model that has none.
    let guide: TextEmbedder?
    /// nil for training without examples.
    let showing: Showing?
    /// Whether the network measures angle concentrations.
    let measuresAngles: Bool
    /// - Parameter samples: Some passages.
    let network: (_ samples: [[TokenID]]) throws -> any EmbedderNetwork

    /// - Parameters:
    ///   - maximum: The most tokens of a text.
    ///   - instruction: The task in the prompt of queries, in place of the model's own.
    ///   - shows: Whether examples precede queries in training.
    /// - Throws: `TrawlError` for a model that is missing, damaged, cannot be trained, or takes no instruction or examples.
    init(
        _ vectors: EmbedderTraining.Vectors, path: String, maximum: Int, instruction: String?, shows: Bool,
        adaptation: EmbedderAdaptation, seed: UInt64
    ) throws {
        switch vectors {
        case .ofTexts:
            let folder = try EmbedderFolder(path: path).instructed(instruction, showsExamples: shows)
            // What cannot be trained fails before the search.
            let isDecoder = folder.model.isDecoder
            if isDecoder {
                try DecoderEmbedderNetwork.requireTrainable(folder, adaptation)
            } else {
                try BertEmbedderNetwork.requireTrainable(folder)
            }
            let embedder = try TextEmbedder(folder: path)
            model = folder.model
            // States of a decoder that was not made for embeddings say little of what texts mean.
            guide = isDecoder && !folder.isEmbedder ? nil : embedder
            network = { _ in
                if isDecoder { return try DecoderEmbedderNetwork(folder, adaptation: adaptation, seed: seed) }
                return try BertEmbedderNetwork(folder, adaptation: adaptation, seed: seed)
            }
            func prompt(_ role: TextRole) throws -> EmbeddingPrompt {
                guard role == .query, let instruction, let template = folder.template else {
                    return try embedder.prompt(for: role)
                }
                return template.query(instruction: instruction)
            }
            inputs = { texts, role in
                let prompt = try role.map { try prompt($0) } ?? EmbeddingPrompt(prefix: "")
                return embedder.inputs(of: texts, in: prompt, maximum: maximum)
            }
            showing = shows ? Self.showing(folder, embedder, maximum: maximum) : nil
            measuresAngles = !isDecoder
        case .ofTokens(let dimension):
            guard instruction == nil, !shows else {
                throw TrawlError(
                    .invalidInput, "models with a vector for each token take no instruction and no examples",
                    path: path, remedy: "leave them out")
            }
            let folder = try TokenEmbedderFolder(path: path)
            let length = try folder.dimension(wanted: dimension)
            model = folder.model
            guide = try folder.headValues() == nil ? TextEmbedder(folder: path) : nil
            network = { samples in
                try BertTokenNetwork(folder, dimension: length, samples: samples, adaptation: adaptation, seed: seed)
            }
            inputs = { texts, role in folder.inputs(of: texts, role ?? .passage, maximum: maximum) }
            showing = nil
            measuresAngles = false
        }
    }

    /// - Parameter maximum: The most tokens of a query; each side of what it is shown has half of them.
    private static func showing(_ folder: EmbedderFolder, _ embedder: TextEmbedder, maximum: Int) -> Showing? {
        guard let template = folder.template, template.takesExamples else { return nil }
        let task = folder.queryInstruction
        @Sendable func short(_ text: String, _ maximum: Int) -> String {
            let (tokens, cutTexts) = embedder.inputs(of: [text], in: EmbeddingPrompt(prefix: ""), maximum: maximum)
            return cutTexts == 0 ? text : embedder.text(of: tokens[0]) ?? text
        }
        return { query, shown, longest in
            let query = short(query, maximum)
            var shown = shown.map {
                InstructionExample(query: short($0.query, maximum / 2), passage: short($0.passage, maximum / 2))
            }
            while true {
                let (tokens, cutTexts) = embedder.inputs(
                    of: [query], in: template.query(instruction: task, examples: shown), maximum: longest)
                if cutTexts == 0 || shown.isEmpty { return tokens[0] }
                shown.removeLast()
            }
        }
    }
}
