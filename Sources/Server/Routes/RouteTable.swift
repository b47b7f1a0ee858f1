import HTTPTypes
import Hummingbird

/// The routes of a server, collected before they are registered, so that what is not among them can be told apart: a path that
/// does not exist, and a method that its path does not have.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    private var routes: [(method: HTTPRequest.Method, path: String, handler: Handler)] = []

    mutating func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        routes.append((method, path, handler))
        // What can be got has a head.
        if method == .get { on(.head, path, handler) }
    }

    func register(on router: Router<ServerContext>) {
        for route in routes { router.on(RouterPath(route.path), method: route.method, use: route.handler) }
    }

    /// Why no route answers a request for `path`.
    func fault(_ method: HTTPRequest.Method, _ path: String) -> RequestFault {
        let parts = path.split(separator: "/")
        let methods = routes.filter { Self.matches($0.path, parts) }.map(\.method.rawValue)
        guard !methods.isEmpty else {
            return .notFound("there is no such route", remedy: "GET /openapi.json lists them")
        }
        let allowed = methods.sorted().joined(separator: ", ")
        var fault = RequestFault(
            .methodNotAllowed, "method_not_allowed", "\(method) is not a method of this route", remedy: "use \(allowed)"
        )
        fault.headers[.allow] = allowed
        return fault
    }

    /// Whether a path has the parts of `pattern`, in which a part with a colon stands for any.
    private static func matches(_ pattern: String, _ parts: [Substring]) -> Bool {
        let wanted = pattern.split(separator: "/")
        return wanted.count == parts.count && zip(wanted, parts).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
    }
}

/// A group of routes.
protocol Routes: Sendable {
    func add(to table: inout RouteTable)
}
