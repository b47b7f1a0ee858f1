import HTTPTypes
import Hummingbird
import NIOCore
import TrawlCore
import TrawlEngine

/// Searching.
struct SearchRoutes: Routes {
    let services: Services

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/search") { request, context in
            let body = try await services.object(of: request)
            let search = try SearchRequest(body, services.indexes, services.models, services.engine.parts)
            if search.isStream { return try stream(search, services.ticket(context)) }
            return try await answer(search, services.ticket(context))
        }
    }

    private func answer(_ search: SearchRequest, _ ticket: Ticket) async throws -> Response {
        let key = Services.SearchKey(index: search.index.name, options: search.options)
        guard search.isList else {
            return try .json(await services.searches.answer(key, search.queries[0], cost: 1, for: ticket))
        }
        return try .json(
            SearchAnswers(results: await services.searches.answers(key, search.queries, cost: 1, for: ticket)))
    }

    /// An answer in events: the hits before reranking, the hits after it.
    private func stream(_ search: SearchRequest, _ ticket: Ticket) throws -> Response {
        let (events, feed) = AsyncStream<ByteBuffer>.makeStream()
        let (options, index, query) = (search.options, search.index, search.queries[0])
        try services.work.start { [services] in
            defer { feed.finish() }
            do {
                try ticket.checkWorth()
                let start = ContinuousClock.now
                let snapshot = try index.searchable()
                let session = try snapshot.session(
                    by: services.engine, options.settings(of: snapshot, services.models))
                func send(_ result: SearchResult, _ stage: String) throws {
                    let seconds = (ContinuousClock.now - start) / .seconds(1)
                    let answer = SearchAnswer(
                        result, of: session, in: index, options, seconds: seconds, stage: stage)
                    feed.yield(Self.event("hits", try [UInt8](json: answer)))
                }
                let result = try session.search(Query(id: "1", text: query)) { try send($0, "search") }
                try send(result, session.settings.rerankers.isEmpty ? "search" : "rerank")
                feed.yield(Self.event("done", Array("{}".utf8)))
            } catch {
                let fault = (error as? TrawlError).map(options.fault) ?? RequestFault(error)
                feed.yield(Self.event("error", (try? [UInt8](json: fault.body)) ?? Array("{}".utf8)))
            }
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody(asyncSequence: events))
    }

    /// A server-sent event. JSON has no line feeds, which would end its data.
    private static func event(_ name: String, _ data: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}
