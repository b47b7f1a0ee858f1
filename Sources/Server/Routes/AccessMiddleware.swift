import HTTPTypes
import Hummingbird

/// Refuses requests without the key of the server, and requests that a web page made a browser send to it.
struct AccessMiddleware: RouterMiddleware {
    let settings: ServerSettings
    /// What anybody may read: the page, which asks for the key itself, and whether the server runs.
    let openPaths: Set<String>

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        if let key = settings.apiKey {
            guard openPaths.contains(request.uri.path) || isGiven(key, in: request.headers) else {
                var fault = RequestFault(
                    .unauthorized, "unauthorized", "the request has no key, or a wrong one",
                    remedy: "send the header Authorization: Bearer KEY")
                fault.headers[.wwwAuthenticate] = "Bearer"
                throw fault
            }
        } else if settings.isLoopback, let host = request.head.authority, !Self.isLocal(host) {
            // Otherwise any web page could reach the server through a name of its own that means this machine.
            throw RequestFault(
                .forbidden, "forbidden", "the server answers requests to this machine only, not to \"\(host)\"",
                remedy: "name 127.0.0.1 or localhost, or start the server with a key")
        }
        return try await next(request, context)
    }

    private func isGiven(_ key: String, in headers: HTTPFields) -> Bool {
        var given = headers[values: HTTPField.Name("X-API-Key") ?? .authorization]
        let scheme = "bearer "
        given += headers[values: .authorization].filter { $0.prefix(scheme.count).lowercased() == scheme }.map {
            String($0.dropFirst(scheme.count))
        }
        // Every one is compared, whether an earlier one was right or not.
        return given.reduce(false) { Self.areEqual(Array($1.utf8), Array(key.utf8)) || $0 }
    }

    /// Takes as long for equal keys as for others of the same length.
    static func areEqual(_ given: [UInt8], _ key: [UInt8]) -> Bool {
        var difference = UInt8(given.count == key.count ? 0 : 1)
        for (index, byte) in given.enumerated() where !key.isEmpty { difference |= byte ^ key[index % key.count] }
        return difference == 0
    }

    private static func isLocal(_ authority: String) -> Bool {
        guard authority.hasPrefix("[") else {
            return ServerSettings.isLoopback(String(authority.prefix { $0 != ":" }))
        }
        let address = authority.dropFirst().prefix { $0 != "]" }
        let rest = authority[address.endIndex...].dropFirst()
        return (rest.isEmpty || rest.hasPrefix(":")) && ServerSettings.isLoopback(String(address))
    }
}
