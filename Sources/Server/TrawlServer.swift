import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
import UnixSignals

/// Serves indexes and models over HTTP.
///
/// ```
/// let server = try TrawlServer(ServerSettings(), engine: Engine(), indexes: ["notes.trawl"], logger: logger)
/// try await server.run { port in print("listening on port \(port)") }
/// ```
public final class TrawlServer: Sendable {
    let services: Services
    private let logger: Logger
    /// What runs, and can be asked to stop.
    private let group = Mutex<ServiceGroup?>(nil)

    /// - Parameter indexes: the folders of indexes; requests name them by the last part of the path without `.trawl`.
    /// - Throws: `TrawlError` for an index that cannot be opened, and for two of one name.
    public init(_ settings: ServerSettings, engine: Engine, indexes: [String], logger: Logger) throws {
        services = try Services(settings, engine: engine, indexes: indexes)
        self.logger = logger
    }

    /// Serves until `stop` is called or the process is asked to stop, by SIGTERM or SIGINT. What has begun is answered first.
    ///
    /// - Parameter listening: called with the port once requests can come.
    /// - Throws: `TrawlError.io` where the address cannot be listened on.
    public func run(listening: @escaping @Sendable (_ port: Int) -> Void) async throws {
        let settings = services.settings
        let connections = services.connections
        let limits = ConnectionHandler.Limits(
            requestTime: .milliseconds(Int64(settings.timeout * 1000)),
            idleTime: .milliseconds(Int64(settings.idleTimeout * 1000)), bodyBytes: settings.bodyBytes)
        let application = Application(
            router: router(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [
                        ConnectionHandler(connections, limits)
                    ])),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), serverName: "trawl/\(settings.version)",
                backlog: 1024, availableConnectionsDelegate: MaximumAvailableConnections(allowedConnections())),
            onServerRunning: { channel in
                listening(channel.localAddress?.port ?? settings.port)
                self.prepare()
            },
            logger: logger)
        do {
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            self.group.withLock { $0 = group }
            try await group.run()
        } catch let error as IOError {
            throw TrawlError(
                .io,
                "cannot listen on \(settings.host):\(settings.port): \(String(cString: strerror(error.errnoCode)))",
                remedy: "choose another port, or stop the program that has it")
        } catch is SocketAddressError.UnknownHost {
            throw TrawlError(
                .io, "cannot listen on \(settings.host):\(settings.port): no address has that name",
                remedy: "give an address of this machine")
        }
    }

    /// The connections that the settings allow, or those that the process can open beside its indexes and models: without a
    /// file to spare, accepting fails again and again and takes a core.
    private func allowedConnections() -> Int {
        let wanted = services.settings.connections
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < Int.max else {
            return wanted
        }
        let possible = max(16, Int(limit.rlim_cur) - 128)
        if possible < wanted {
            logger.warning("at most \(possible) connections at once, as the process may open \(limit.rlim_cur) files")
        }
        return min(wanted, possible)
    }

    /// Ends `run` as soon as all that has begun is answered.
    public func stop() async { await group.withLock { $0 }?.triggerGracefulShutdown() }

    func router() -> Router<ServerContext> {
        var table = RouteTable()
        let groups: [any Routes] = [
            ServerRoutes(services: services), SearchRoutes(services: services), EmbeddingRoutes(services: services),
            PhraseRoutes(services: services), DocumentRoutes(services: services), ShardRoutes(services: services),
            PageRoutes(),
        ]
        for group in groups { group.add(to: &table) }
        let router = Router(context: ServerContext.self)
        router.addMiddleware {
            AnswerMiddleware(metrics: services.metrics, routes: table)
            AccessMiddleware(
                settings: services.settings, openPaths: Set(PageRoutes.files.map(\.path) + ["/health", "/ready"]))
        }
        table.register(on: router)
        return router
    }

    /// Loads what the first requests need, with a search of each index as it is searched by default.
    private func prepare() {
        let services = services
        let logger = logger
        services.work.enqueue {
            func attempt(_ what: String, _ body: () throws -> Void) {
                do { try body() } catch {
                    logger.warning("\(what): \(error)")
                    services.readiness.failed("\(what): \(RequestFault(error).message)")
                }
            }
            for index in services.indexes.all {
                attempt("index \(index.name)") {
                    _ = try Services.answers(
                        SearchRequest.Options(limit: 1), ["a query"], in: index, services.engine, services.models)
                }
            }
            attempt("model \(services.models.defaultEmbedder)") {
                _ = try services.models.embedder(services.models.defaultEmbedder).embed(["a text"])
            }
            services.readiness.ready()
        }
    }
}
