import TrawlCore
import TrawlEmbeddings
import TrawlEngine
import TrawlModels
import TrawlTraining

/// The model that the training of an embedder begins with: how it reads texts, and its network.
struct EmbedderStart {
    /// Texts as tokens, and how many of them are cut.
    typealias Inputs = (tokens: [[TokenID]], cutTexts: Int)

    let model: ModelFolder
    /// The queries and the passages as searches put them; texts without a role where people compared texts.
    let inputs: (_ texts: [String], _ role: TextRole?) throws -> Inputs
    /// The embedder whose similarities say which passages a query may not be compared with; nil for a model that has none.
    let guide: TextEmbedder?
    /// - Parameter samples: Some passages.
    let network: (_ samples: [[TokenID]]) throws -> any EmbedderNetwork

    /// - Parameter maximum: The most tokens of a text.
    /// - Throws: `TrawlError` for a model that is missing, damaged or cannot be trained.
    init(
        _ vectors: EmbedderTraining.Vectors, path: String, maximum: Int, adaptation: AdaptedBert.Adaptation,
        seed: UInt64
    ) throws {
        switch vectors {
        case .ofTexts:
            let folder = try EmbedderFolder(path: path)
            // What cannot be trained fails before the search.
            try BertEmbedderNetwork.requireTrainable(folder)
            let embedder = try TextEmbedder(folder: path)
            model = folder.model
            guide = embedder
            network = { _ in try BertEmbedderNetwork(folder, adaptation: adaptation, seed: seed) }
            inputs = { texts, role in
                let prompt = try role.map { try embedder.prompt(for: $0) } ?? EmbeddingPrompt(prefix: "")
                return embedder.inputs(of: texts, in: prompt, maximum: maximum)
            }
        case .ofTokens(let dimension):
            let folder = try TokenEmbedderFolder(path: path)
            let length = try folder.dimension(wanted: dimension)
            model = folder.model
            guide = try folder.headValues() == nil ? TextEmbedder(folder: path) : nil
            network = { samples in
                try BertTokenNetwork(folder, dimension: length, samples: samples, adaptation: adaptation, seed: seed)
            }
            inputs = { texts, role in folder.inputs(of: texts, role ?? .passage, maximum: maximum) }
        }
    }
}
