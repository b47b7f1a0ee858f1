import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import TrawlCore
import TrawlEmbeddings
import TrawlEngine

/// What the routes of a server share.
final class Services: Sendable {
    let settings: ServerSettings
    let engine: Engine
    let indexes: ServedIndexes
    let models: ServedModels
    let metrics = ServerMetrics()
    let connections: ConnectionRegistry
    /// For searches, embeddings and all else that reads.
    let work: WorkQueue
    /// For changes of indexes, which take long and must not hold up searches; one after the other.
    let writers: WorkQueue
    let searches: BatchQueue<SearchKey, String, SearchAnswer>
    let embeddings: BatchQueue<EmbeddingRequest.Options, EmbeddingRequest.Item, EmbeddingBatch.Answer>
    let readiness = Readiness()

    /// What queries must have in common to be searched together.
    struct SearchKey: Hashable, Sendable {
        let index: String
        let options: SearchRequest.Options
    }

    init(_ settings: ServerSettings, engine: Engine, indexes paths: [String]) throws {
        self.settings = settings
        self.engine = engine
        let indexes = try ServedIndexes(paths: paths, engine: engine, settings.cluster)
        let first = try indexes.all.lazy.map { try $0.searchable().recipe }.first { $0.build.contains("dense") }
        let models = ServedModels(
            defaultEmbedder: settings.embedder ?? first?.dense.model ?? ModelCatalogue.defaultEmbedder,
            precision: settings.precision, engine: engine)
        connections = ConnectionRegistry(metrics: metrics)
        // A second thread, so that what is short need not wait for what is long.
        work = WorkQueue(threads: 2, limit: settings.queueLength, metrics: metrics)
        writers = WorkQueue(threads: 1, limit: settings.queueLength, metrics: metrics)
        searches = BatchQueue("search", work, maximumCost: SearchSession.batchSize, metrics: metrics) { key, queries in
            try Self.answers(key.options, queries, in: indexes.named(key.index, at: nil), engine, models)
        }
        embeddings = BatchQueue(
            "embedding", work, maximumCost: settings.batchTokens, metrics: metrics
        ) { options, items in
            try EmbeddingBatch.answers(options, items, models)
        }
        self.indexes = indexes
        self.models = models
    }

    static func answers(
        _ options: SearchRequest.Options, _ queries: [String], in served: ServedIndex, _ engine: Engine,
        _ models: ServedModels
    ) throws -> [SearchAnswer] {
        let start = ContinuousClock.now
        let queries = queries.enumerated().map { Query(id: "\($0 + 1)", text: $1) }
        do {
            let (session, results) = try served.searchable().answering { index in
                let session = try index.session(by: engine, options.settings(of: index, models))
                return (session, try session.search(queries))
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            return results.map { SearchAnswer($0, of: session, in: served, options, seconds: seconds) }
        } catch let error as TrawlError {
            throw options.fault(of: error)
        }
    }

    func ticket(_ context: ServerContext) -> Ticket {
        let connection = context.connection
        return Ticket(
            isAbandoned: { [connections] in connections.isAbandoned(connection) },
            deadline: .now + .seconds(settings.timeout))
    }

    /// The body of a request.
    ///
    /// - Throws: `RequestFault` with status 413 for a larger one.
    func body(of request: Request) async throws -> ByteBuffer {
        let limit = settings.bodyBytes
        let tooLarge = RequestFault(
            .contentTooLarge, "too_large", "the body has more than \(limit) bytes", remedy: "send less at once")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        do { return try await request.body.collect(upTo: limit) } catch is NIOTooManyBytesError { throw tooLarge } catch
        {
            throw RequestFault(
                .badRequest, "invalid_request", "the body is not complete, or not encoded as its head says",
                remedy: "send as many bytes as Content-Length says, or valid chunks")
        }
    }

    /// The body of a request as a JSON object.
    func object(of request: Request) async throws -> RequestObject { try RequestObject(await body(of: request)) }
}

/// Whether the models are loaded.
final class Readiness: Sendable {
    struct State: Sendable {
        var isReady = false
        /// What could not be loaded.
        var problems: [String] = []
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }
    func failed(_ problem: String) { state.withLock { $0.problems.append(problem) } }
    func ready() { state.withLock { $0.isReady = true } }
}
