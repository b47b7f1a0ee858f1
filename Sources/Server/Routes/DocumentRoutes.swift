import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import TrawlCore
import TrawlEngine

/// Indexes and their documents.
struct DocumentRoutes: Routes {
    let services: Services

    func add(to table: inout RouteTable) {
        table.on(.get, "/v1/indexes") { _, _ in
            try .json(["indexes": try services.indexes.all.map { try IndexDescription($0) }])
        }
        table.on(.get, "/v1/indexes/:name") { _, context in try .json(IndexDescription(index(context))) }
        table.on(.get, "/v1/indexes/:name/documents") { request, context in
            try await list(index(context), request, services.ticket(context))
        }
        table.on(.put, "/v1/indexes/:name/documents") { request, context in
            try await put(index(context), request, services.ticket(context))
        }
        table.on(.delete, "/v1/indexes/:name/documents") { request, context in
            let index = try index(context)
            try requireWritable()
            let body = try await services.object(of: request)
            let ids = try body.strings("ids", atMost: 100_000) ?? []
            guard !ids.isEmpty else {
                throw RequestFault.invalid("ids is empty", at: "$.ids", remedy: "give at least one id")
            }
            try body.finish()
            return try await delete(ids.map { DocumentID($0) }, from: index, services.ticket(context))
        }
        table.on(.get, "/v1/indexes/:name/documents/:id") { _, context in
            let (index, id) = (try index(context), try decoded(context.parameters.require("id")))
            // Of a cluster, which is asked over the network.
            let document = try await services.work.run(for: services.ticket(context)) { try index.document(id) }
            guard let document else {
                throw RequestFault.notFound("no document \"\(id)\" in the index \(index.name)")
            }
            return try .json(document)
        }
        table.on(.delete, "/v1/indexes/:name/documents/:id") { _, context in
            let (index, id) = (try index(context), try decoded(context.parameters.require("id")))
            try requireWritable()
            return try await delete([DocumentID(id)], from: index, services.ticket(context))
        }
    }

    private func index(_ context: ServerContext) throws -> ServedIndex {
        try services.indexes.named(decoded(context.parameters.require("name")), at: nil)
    }

    /// A part of a path without percent signs.
    private func decoded(_ text: String) throws -> String {
        guard let text = text.removingPercentEncoding else {
            throw RequestFault.invalid("the path has a wrong escape", remedy: "percent-encode UTF-8")
        }
        return text
    }

    private func requireWritable() throws {
        guard services.settings.isReadOnly else { return }
        throw RequestFault(.forbidden, "read_only", "the server does not change indexes")
    }

    // MARK: - Reading

    private struct DocumentList: Encodable, Sendable {
        let documents: [DocumentSummary]
        /// The id that the next list begins after; nil at the end.
        let after: DocumentID?
    }

    private func list(_ index: ServedIndex, _ request: Request, _ ticket: Ticket) async throws -> Response {
        // As forms and most programs encode it, where + is a space; a plus sign is %2B.
        let query = URI(request.uri.string.replacing("+", with: "%20")).queryParameters
        if let unknown = query.first(where: { !["limit", "after"].contains($0.key) }) {
            throw RequestFault.invalid(
                "unknown parameter \"\(unknown.key)\"", remedy: "the parameters are after, limit")
        }
        let wanted = try query.get("limit").map { text -> Int in
            guard let limit = Int(text), 1...10_000 ~= limit else {
                throw RequestFault.invalid("limit is \"\(text)\"", remedy: "give a number from 1 to 10000")
            }
            return limit
        }
        let limit = wanted ?? 100
        let after = query.get("after").map { DocumentID($0) }
        return try .json(
            await services.work.run(for: ticket) {
                let documents = try index.current().documents
                if let after, try !documents.contains(after) {
                    throw RequestFault.notFound("no document \"\(after)\" in the index \(index.name)")
                }
                var listed: [DocumentSummary] = []
                var hasMore = false
                // One more than is listed tells whether there are more.
                try documents.forEachSummary(after: after, limit: limit + 1) { document in
                    if listed.count < limit { listed.append(document) } else { hasMore = true }
                }
                return DocumentList(documents: listed, after: hasMore ? listed.last?.document : nil)
            })
    }

    // MARK: - Writing

    private struct Written: Encodable, Sendable {
        /// The documents that were added or replaced.
        let written: Int
        let index: IndexSummary
        let notes: [String]
    }

    private func put(_ index: ServedIndex, _ request: Request, _ ticket: Ticket) async throws -> Response {
        try requireWritable()
        let body = try await services.body(of: request)
        guard body.readableBytes > 0 else {
            throw RequestFault.invalid("the body is empty", remedy: "send JSON lines, a document a line")
        }
        let engine = services.engine
        return try .json(
            await services.writers.run(for: ticket) {
                let documents = try PostedDocuments(body)
                let notes = Notes()
                do {
                    let summary = try engine.add(documents, to: index.path, replacing: true, progress: notes)
                    return Written(written: documents.count, index: summary, notes: notes.all)
                } catch let error as TrawlError {
                    throw PostedDocuments.placed(error)
                }
            })
    }

    private struct Deleted: Encodable, Sendable {
        let deleted: Int
        /// The ids that the index did not have.
        let missing: Int
        let index: IndexSummary
    }

    private func delete(_ ids: [DocumentID], from index: ServedIndex, _ ticket: Ticket) async throws -> Response {
        let engine = services.engine
        return try .json(
            await services.writers.run(for: ticket) {
                let report = try engine.delete(ids, from: index.path, ignoringMissing: true)
                return Deleted(
                    deleted: report.deleted, missing: Set(ids).count - report.deleted, index: report.index)
            })
    }
}

/// An index as clients see it.
private struct IndexDescription: Encodable {
    let name: String
    let documents: Int
    let passages: Int
    let modes: [String]
    let defaultMode: String
    let bytesOnDisk: Int
    let segments: Int

    enum CodingKeys: String, CodingKey {
        case name, documents, passages, modes, segments
        case defaultMode = "default_mode"
        case bytesOnDisk = "bytes_on_disk"
    }

    init(_ served: ServedIndex) throws {
        let index = try served.searchable()
        let summary = index.summary
        name = served.name
        (documents, passages) = (summary.documents, summary.passages)
        (bytesOnDisk, segments) = (summary.bytesOnDisk, summary.segments)
        modes = summary.components + [SearchMode.hybrid.rawValue]
        defaultMode = (index.settings.mode ?? index.defaultMode(index.settings)).rawValue
    }
}
