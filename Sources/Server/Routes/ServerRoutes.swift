import Foundation
import HTTPTypes
import Hummingbird
import TrawlCore
import TrawlEngine
import TrawlModels
import TrawlTensors

/// The server itself: its state, its models, its description.
struct ServerRoutes: Routes {
    let services: Services

    func add(to table: inout RouteTable) {
        table.on(.get, "/health") { _, _ in try .json(["status": "ok"]) }
        table.on(.get, "/ready") { _, _ in
            let state = services.readiness.now
            return try .json(
                Ready(status: state.isReady ? "ready" : "loading", problems: state.problems),
                status: state.isReady ? .ok : .serviceUnavailable)
        }
        table.on(.get, "/info") { _, _ in try .json(Info(services)) }
        table.on(.get, "/metrics") { _, _ in
            .text(services.metrics.registry.text(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        table.on(.get, "/v1/models") { _, _ in
            try .json(ModelList(data: services.models.names.map { Model($0, services.engine) }))
        }
        table.on(.get, "/v1/models/:model") { _, context in
            let name = try context.parameters.require("model").removingPercentEncoding ?? ""
            guard services.models.names.contains(name) else {
                throw RequestFault.notFound(
                    "no model \"\(name)\"", remedy: "the models are \(services.models.names.joined(separator: ", "))")
            }
            return try .json(Model(name, services.engine))
        }
        table.on(.get, "/openapi.json") { _, _ in .json(bytes: PackageResources.openapi_json) }
    }

    private struct Ready: Encodable {
        let status: String
        let problems: [String]
    }

    private struct Info: Encodable {
        let version: String
        let model: String
        let precision: String
        let indexes: [String]
        let maximumBatchTokens: Int
        let maximumQueue: Int
        let maximumBody: Int
        let maximumInputs: Int
        let isReadOnly: Bool

        enum CodingKeys: String, CodingKey {
            case version, precision, indexes
            case model = "model_id"
            case maximumBatchTokens = "max_batch_tokens"
            case maximumQueue = "max_queue"
            case maximumBody = "max_body"
            case maximumInputs = "max_client_batch_size"
            case isReadOnly = "read_only"
        }

        init(_ services: Services) {
            let settings = services.settings
            version = settings.version
            model = services.models.defaultEmbedder
            precision = settings.precision.rawValue
            indexes = services.indexes.all.map(\.name)
            maximumBatchTokens = settings.batchTokens
            maximumQueue = settings.queueLength
            maximumBody = settings.bodyBytes
            maximumInputs = EmbeddingRequest.inputLimit
            isReadOnly = settings.isReadOnly
        }
    }

    private struct ModelList: Encodable {
        let object = "list"
        let data: [Model]
    }

    private struct Model: Encodable {
        let id: String
        let object = "model"
        let created = 0
        let owner = "trawl"
        /// nil where the model cannot be read.
        let architecture: String?

        enum CodingKeys: String, CodingKey {
            case id, object, created, architecture
            case owner = "owned_by"
        }

        init(_ name: String, _ engine: Engine) {
            id = name
            architecture = try? engine.models.folder(name).architectureName
        }
    }
}
