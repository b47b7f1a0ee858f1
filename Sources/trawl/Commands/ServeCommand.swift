import ArgumentParser
import Foundation
import Logging
import TrawlCore
import TrawlEngine
import TrawlServer
import TrawlTensors

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve indexes and models over HTTP.",
        discussion: """
            Answers searches, embeddings (as OpenAI's API and text-embeddings-inference), reranking (as Cohere's, Jina's and \
            text-embeddings-inference), n-grams and changes of documents; docs/http.md describes the routes, and so does \
            /openapi.json. / is a page to search in. Every search reads the newest commit of its index. Without INDEX it \
            serves models alone.

            A manifest (NAME.shards.json) is served as one index: its shards are asked over HTTP where it names their \
            servers, and opened by this one otherwise. Any server is one of a shard; docs/shards.md has the whole story.

            Only programs on this machine can connect unless --host says otherwise; then set --api-key, or the \
            environment variable TRAWL_API_KEY, which other users of the machine cannot see.

            EXAMPLES
              trawl serve wikipedia notes.trawl
              trawl serve wikipedia.shards.json --allow-partial
              trawl serve --embedder multilingual-e5-small --precision int8
              TRAWL_API_KEY=secret trawl serve notes.trawl --host 0.0.0.0 --port 80 --read-only
            """)

    @Argument(help: "The indexes: paths or names.") var indexes: [String] = []

    @Option(help: ArgumentHelp("The address to listen on.", valueName: "address")) var host = ServerSettings().host
    @Option(help: ArgumentHelp("The port; 0 for any that is free.", valueName: "n")) var port = ServerSettings().port
    @Option(help: ArgumentHelp("The key that requests must present. (default: none)", valueName: "key"))
    var apiKey: String?
    @Flag(help: "Refuse to change indexes.") var readOnly = false

    @Option(
        help: ArgumentHelp(
            "The embedding model of requests that name none. (default: that of the first index)", valueName: "model"))
    var embedder: String?
    @Option(help: "The arithmetic of embedding models and rerankers; int8 is faster and slightly less accurate.")
    var precision = Precision.f32

    @Option(help: ArgumentHelp("The most tokens to embed together.", valueName: "n"))
    var maxBatchTokens = ServerSettings().batchTokens
    @Option(help: ArgumentHelp("The most requests that wait; more are refused.", valueName: "n"))
    var maxQueue = ServerSettings().queueLength
    @Option(help: ArgumentHelp("The largest body of a request, in megabytes.", valueName: "n"))
    var maxBody = ServerSettings().bodyBytes >> 20
    @Option(
        help: ArgumentHelp(
            "Seconds within which a request must arrive and its computation begin.", valueName: "seconds"))
    var timeout = ServerSettings().timeout
    @Flag(help: "Print a line for each request to standard error.") var verbose = false

    @OptionGroup(title: "Shards") var cluster: ClusterFlags

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        guard 0...65535 ~= port else { throw ValidationError("--port must be from 0 to 65535") }
        guard maxBatchTokens >= 1, maxQueue >= 1 else {
            throw ValidationError("--max-batch-tokens and --max-queue must be at least 1")
        }
        guard 1...4096 ~= maxBody else { throw ValidationError("--max-body must be from 1 to 4096") }
        guard 0.1...86_400 ~= timeout else { throw ValidationError("--timeout must be from 0.1 to 86400 seconds") }
        try cluster.check(indexes)
        if apiKey?.isEmpty == true { throw ValidationError("--api-key must not be empty") }
    }

    func run() async throws {
        let isVerbose = verbose
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = isVerbose ? .info : .warning
            return handler
        }
        allowManyConnections()
        let quiet = progress.quiet
        let server = try TrawlServer(
            settings, engine: Engine(), indexes: indexes.map { try ClusterAccess.path(of: $0) },
            logger: Logger(label: "trawl"))
        let address = host.contains(":") ? "[\(host)]" : host
        // The server itself sees to the first Ctrl-C.
        Interruption.await()
        try await server.run { port in
            if !quiet { Diagnostics.line("listening on http://\(address):\(port)") }
        }
    }

    private var settings: ServerSettings {
        var settings = ServerSettings()
        settings.host = host
        settings.port = port
        let environmentKey = ProcessInfo.processInfo.environment["TRAWL_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        settings.apiKey = apiKey ?? environmentKey
        settings.isReadOnly = readOnly
        settings.embedder = embedder
        settings.precision = precision
        settings.batchTokens = maxBatchTokens
        settings.queueLength = maxQueue
        settings.bodyBytes = maxBody << 20
        settings.timeout = timeout
        settings.cluster = cluster.access
        settings.cluster.timeout = timeout
        settings.version = RootCommand.configuration.version
        return settings
    }

    /// As many open files as the system lets a user have.
    private func allowManyConnections() {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limits) == 0 else { return }
        limits.rlim_cur = min(limits.rlim_max, 65_536)
        _ = setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limits)
    }
}
