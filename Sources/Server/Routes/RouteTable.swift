import HTTPTypes
import Hummingbird

/// The routes of a server. A route that has no handler for a method answers with the methods that it has.
struct RouteTable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    private let router: Router<ServerContext>
    private var methods: [String: [HTTPRequest.Method]] = [:]

    init(_ router: Router<ServerContext>) { self.router = router }

    mutating func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        router.on(RouterPath(path), method: method, use: handler)
        methods[path, default: []].append(method)
        // What can be got has a head.
        if method == .get { on(.head, path, handler) }
    }

    /// Answers the methods that no route has.
    func finish() {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options, .trace]
        for (path, own) in methods {
            let allowed = own.map(\.rawValue).sorted().joined(separator: ", ")
            for method in known where !own.contains(method) {
                router.on(RouterPath(path), method: method) { request, _ -> Response in
                    var fault = RequestFault(
                        .methodNotAllowed, "method_not_allowed", "\(request.method) is not a method of this route",
                        remedy: "use \(allowed)")
                    fault.headers[.allow] = allowed
                    throw fault
                }
            }
        }
    }
}

/// A group of routes.
protocol Routes: Sendable {
    func add(to table: inout RouteTable)
}
