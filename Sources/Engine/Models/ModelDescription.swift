import Foundation
import TrawlCore
import TrawlEmbeddings
import TrawlModels
import TrawlReranking
import TrawlTensors
import TrawlTokenizers

/// What a model is and what Trawl can do with it.
public struct ModelDescription: Encodable, Sendable {
    public let name: String
    public let path: String
    public let architecture: String
    public let uses: [String]
    public let parameters: Int
    public let bytes: Int
    public let digest: String
    public let details: [String: String]

    /// - Parameter model: A name or a path.
    /// - Throws: `TrawlError` when there is no such model, or it is damaged.
    public init(model: String) throws {
        let path = try ModelCatalogue.path(of: model)
        let folder = try ModelFolder(path: path)
        name = model
        self.path = path
        architecture = folder.architectureName
        parameters = folder.tensors.tensors.filter(\.type.isFloatingPoint).reduce(0) { $0 + $1.shape.reduce(1, *) }
        bytes = folder.tensors.tensors.reduce(0) { $0 + $1.byteCount }
        digest = folder.digest
        var uses: [String] = []
        var details: [String: String] = [:]
        if folder.isPairScorer {
            uses = ["rerank"]
            details = try Self.details(ofClassifier: folder)
        } else if TokenEmbedder.isTrained(folder) {
            uses = ["late interaction"]
            let embedder = try TokenEmbedder(folder: path)
            details["dimension"] = "\(embedder.dimension) per token"
            details["maximum"] = "\(embedder.maximumTokens) tokens"
        } else if folder.isEncoderDecoder && !folder.isEncoder {
            uses = ["generate"]
            details = try Self.details(ofEncoderDecoder: folder)
        } else {
            uses = folder.isEncoder ? ["embed"] : ["embed", "generate", "rerank"]
            if folder.isEncoderDecoder {
                uses.append("generate")
                details = try Self.details(ofEncoderDecoder: folder)
            }
            let embedder = try TextEmbedder(folder: path)
            details["dimension"] = "\(embedder.dimension)"
            details["maximum"] = "\(embedder.maximumTokens) tokens"
            details["normalised"] = embedder.isNormalised ? "yes" : "no"
            if !embedder.prompts.isEmpty { details["prompts"] = embedder.prompts.keys.sorted().joined(separator: ", ") }
            if let template = embedder.template { details["template"] = template.rawValue }
            for role in TextRole.allCases {
                let prompt = try embedder.prompt(for: role)
                if prompt != EmbeddingPrompt(prefix: "") {
                    details[role.rawValue] = prompt.around("…").replacingOccurrences(of: "\n", with: "\\n")
                }
            }
        }
        self.uses = uses
        self.details = details
    }

    private static func details(ofClassifier folder: ModelFolder) throws -> [String: String] {
        let encoder = try CrossEncoder(folder: folder.path)
        return ["labels": "\(encoder.labelCount)", "maximum": "\(encoder.maximumTokens) tokens"]
    }

    private static func details(ofEncoderDecoder folder: ModelFolder) throws -> [String: String] {
        let model = try EncoderDecoderModel(folder)
        let sizes = model.configuration
        var details = [
            "encoder": "\(sizes.encoder.layerCount) layers of \(sizes.encoder.hiddenSize)",
            "decoder": "\(sizes.decoder.layerCount) layers of \(sizes.decoder.hiddenSize)",
            "prompt": "\(sizes.encoder.contextLength) tokens", "output": "\(sizes.decoder.contextLength) tokens",
        ]
        if let base = folder.base { details["base"] = base.path }
        // A folder of weights alone has no names for tokens.
        let tokenizer = try? folder.loadTokenizer()
        func name(_ id: TokenID) -> String { tokenizer?.token(for: id).map { "\($0) (\(id))" } ?? "\(id)" }
        details["start"] = name(sizes.startToken)
        details["end"] = name(sizes.endToken)
        if let first = sizes.forcedFirstToken { details["first"] = name(first) }
        return details
    }

    /// For people.
    public var text: String {
        var lines = [
            name, "  path          \(path)", "  architecture  \(architecture)",
            "  uses          \(uses.joined(separator: ", "))",
        ]
        lines.append("  parameters    \(parameters)")
        lines.append("  bytes         \(bytes)")
        lines.append("  digest        \(digest)")
        for key in details.keys.sorted() { lines.append("  " + key.padded(to: 14) + (details[key] ?? "")) }
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        count >= width ? self + " " : self + String(repeating: " ", count: width - count)
    }
}
