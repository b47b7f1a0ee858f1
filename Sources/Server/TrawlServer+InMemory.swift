import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
package import NIOCore

extension TrawlServer {
    /// Answers requests that come over no connection: for tests of what routes make of them.
    ///
    /// - Parameter channel: stands for the connection.
    /// - Returns: what gives the status of the answer to a method, a path and a body.
    package func handler(
        over channel: any Channel
    ) -> @Sendable (_ method: String, _ path: String, _ body: [UInt8]) async -> Int {
        let responder = router().buildResponder()
        let logger = Logger(label: "in memory") { _ in SwiftLogNoOpLogHandler() }
        return { method, path, body in
            guard let method = HTTPRequest.Method(rawValue: method) else { return 400 }
            let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path)
            let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
            let context = ServerContext(
                source: ApplicationRequestContextSource(channel: channel, logger: logger))
            do {
                let response = try await responder.respond(to: request, context: context)
                try await response.body.write(DiscardedBody())
                return response.status.code
            } catch let error as any HTTPResponseError {
                return error.status.code
            } catch {
                return 500
            }
        }
    }
}

/// Takes a body that nobody reads.
private struct DiscardedBody: ResponseBodyWriter {
    mutating func write(_ buffer: ByteBuffer) async throws {}
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
