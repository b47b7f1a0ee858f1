import TrawlCore
import TrawlEmbeddings
import TrawlEngine
import TrawlTensors

/// The models that requests may name: those that are installed, and the one that the operator chose.
struct ServedModels: Sendable {
    /// That of requests which name none.
    let defaultEmbedder: String
    let precision: Precision
    private let engine: Engine

    init(defaultEmbedder: String, precision: Precision, engine: Engine) {
        self.defaultEmbedder = defaultEmbedder
        self.precision = precision
        self.engine = engine
    }

    /// The names that requests may use.
    var names: [String] {
        let installed = ModelCatalogue.names()
        return installed.contains(defaultEmbedder) ? installed : installed + [defaultEmbedder]
    }

    /// `model`, or the default one.
    ///
    /// - Throws: `RequestFault` for a model that is not installed. Requests cannot name paths.
    func name(_ model: String?) throws -> String {
        guard let model else { return defaultEmbedder }
        try require(model, at: "$.model")
        return model
    }

    func require(_ model: String, at parameter: String) throws {
        guard !names.contains(model) else { return }
        var fault = RequestFault.notFound(
            "no model \"\(model)\"", remedy: "the models are \(names.joined(separator: ", "))")
        fault.parameter = parameter
        throw fault
    }

    func embedder(_ model: String) throws -> TextEmbedder {
        try engine.models.embedder(model, precision: precision)
    }

    /// A chain of rerankers, all of whose models are installed.
    func chain(_ text: String, at parameter: String) throws -> RerankChain {
        let chain: RerankChain
        do { chain = try RerankChain(text, rerankers: engine.rerankers) } catch let error as TrawlError {
            throw RequestFault(error, at: parameter)
        }
        for model in chain.stages.compactMap(\.model) { try require(model, at: parameter) }
        return chain
    }
}
