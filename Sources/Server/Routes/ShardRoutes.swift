import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TrawlCluster
import TrawlCore

/// What coordinators ask of an index that is a shard: bytes in, bytes out; see the protocol of `TrawlCluster`.
struct ShardRoutes: Routes {
    let services: Services

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/shard") { request, context in
            try await answer(request, services.indexes.named(nil, at: nil), context)
        }
        table.on(.post, "/v1/indexes/:name/shard") { request, context in
            guard let name = try context.parameters.require("name").removingPercentEncoding else {
                throw RequestFault.invalid("the path has a wrong escape", remedy: "percent-encode UTF-8")
            }
            return try await answer(request, services.indexes.named(name, at: nil), context)
        }
    }

    private func answer(
        _ request: Request, _ index: ServedIndex, _ context: ServerContext
    ) async throws -> Response {
        guard let shard = index.shard else {
            throw RequestFault.invalid(
                "\(index.name) is a cluster, not a shard", remedy: "ask the servers of its shards")
        }
        let question = Array(buffer: try await services.body(of: request))
        guard !question.isEmpty else {
            throw RequestFault.invalid("the body is empty", remedy: "send a question (docs/shard-protocol.md)")
        }
        let answer = try await services.work.run(for: services.ticket(context)) { shard.answer(question) }
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer)))
    }
}
