import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TrawlCore
import TrawlEngine

/// Embedding and reranking texts that are in no index.
struct EmbeddingRoutes: Routes {
    let services: Services

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/embeddings") { request, context in
            let wanted = try EmbeddingRequest(openAI: await services.object(of: request), services.models)
            return try await openAIAnswer(wanted, services.ticket(context))
        }
        table.on(.post, "/embed") { request, context in
            let wanted = try EmbeddingRequest(tei: await services.object(of: request), services.models)
            let answer = try await embed(wanted, services.ticket(context))
            var bytes = Array("[".utf8)
            for (index, row) in try answer.rows(wanted).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendNumbers(row)
            }
            return .json(bytes: bytes + Array("]".utf8))
        }
        for path in ["/rerank", "/v1/rerank", "/v2/rerank"] {
            table.on(.post, path) { request, context in
                let wanted = try RerankRequest(await services.object(of: request), services.models)
                let (engine, models) = (services.engine, services.models)
                let answer = try await services.work.run(for: services.ticket(context)) {
                    try RerankAnswer(wanted, engine: engine, models)
                }
                return try rerankAnswer(wanted, answer)
            }
        }
    }

    private func embed(_ wanted: EmbeddingRequest, _ ticket: Ticket) async throws -> EmbeddingBatch.Answer {
        try await services.embeddings.answer(wanted.options, wanted.item, cost: wanted.cost, for: ticket)
    }

    private func openAIAnswer(_ wanted: EmbeddingRequest, _ ticket: Ticket) async throws -> Response {
        let answer = try await embed(wanted, ticket)
        var bytes = Array(#"{"object":"list","data":["#.utf8)
        for (index, row) in try answer.rows(wanted).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += Array(#"{"object":"embedding","index":\#(index),"embedding":"#.utf8)
            switch wanted.encoding {
            case .float: bytes.appendNumbers(row)
            case .base64:
                // Little-endian, as all processors are that Trawl runs on.
                let data = row.withUnsafeBytes { Data($0) }
                bytes += Array("\"\(data.base64EncodedString())\"".utf8)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes += Array(#"],"model":"#.utf8)
        bytes.appendJSONString(wanted.options.model)
        let tokens = answer.tokenCount
        bytes += Array(
            #","usage":{"prompt_tokens":\#(tokens),"total_tokens":\#(tokens),"truncated_inputs":\#(answer.cutCount)}}"#
                .utf8)
        return .json(bytes: bytes)
    }

    private struct TEIEntry: Encodable {
        let index: Int
        let score: Float
        let text: String?
    }

    private struct RankedText: Encodable {
        struct Document: Encodable { let text: String }

        let index: Int
        let score: Float
        let document: Document?

        enum CodingKeys: String, CodingKey {
            case index, document
            case score = "relevance_score"
        }
    }

    private struct RankedTexts: Encodable {
        let id: String
        let model: String
        let results: [RankedText]
        let notes: [String]
    }

    private func rerankAnswer(_ wanted: RerankRequest, _ answer: RerankAnswer) throws -> Response {
        if wanted.isTEI {
            return try .json(
                answer.entries.map { entry in
                    TEIEntry(
                        index: entry.index, score: entry.score,
                        text: wanted.returnsTexts ? wanted.texts[entry.index] : nil)
                })
        }
        let results = answer.entries.prefix(wanted.limit ?? answer.entries.count).map { entry in
            RankedText(
                index: entry.index, score: entry.score,
                document: wanted.returnsTexts ? RankedText.Document(text: wanted.texts[entry.index]) : nil)
        }
        return try .json(
            RankedTexts(id: UUID().uuidString.lowercased(), model: wanted.model, results: results, notes: answer.notes))
    }
}

extension [UInt8] {
    /// Appends finite numbers as a JSON list, each in the fewest digits that give it back.
    fileprivate mutating func appendNumbers(_ numbers: [Float]) {
        append(UInt8(ascii: "["))
        for (index, number) in numbers.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(contentsOf: "\(number)".utf8)
        }
        append(UInt8(ascii: "]"))
    }
}
