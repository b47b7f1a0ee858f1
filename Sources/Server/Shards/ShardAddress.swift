import Foundation
import TrawlCore

/// Where a shard is served: the URL of a server and the name of the index there.
public struct ShardAddress: Hashable, Sendable {
    public let host: String
    public let port: Int
    /// The index; nil for the only one that the server has.
    public let index: String?

    /// Reads `http://host:port` or `http://host:port/index`.
    ///
    /// - Throws: `TrawlError.invalidInput` for anything else.
    public init(_ url: String) throws {
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.query == nil, parts.fragment == nil
        else {
            throw TrawlError(
                .invalidInput, "\"\(url)\" is not the address of a shard",
                remedy: "write http://HOST:PORT, or http://HOST:PORT/INDEX")
        }
        // URLComponents keeps the brackets of IPv6 addresses.
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 80
        let name = parts.path.split(separator: "/").joined(separator: "/")
        index = name.isEmpty ? nil : name
    }

    /// The path of the route that answers questions.
    var path: String {
        let name = index?.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        return name.map { "/v1/indexes/\($0)/shard" } ?? "/v1/shard"
    }
}
