import TrawlCore
import TrawlEngine
import TrawlTensors

/// What assistants can do with indexes; tools.json describes it to them.
struct MCPTools {
    let engine: Engine
    let indexes: ServedIndexes
    private let models: ServedModels

    init(engine: Engine, indexes: ServedIndexes) {
        self.engine = engine
        self.indexes = indexes
        models = ServedModels(defaultEmbedder: ModelCatalogue.defaultEmbedder, precision: .f32, engine: engine)
    }

    /// What an assistant should know first, as a JSON string.
    var instructions: [UInt8] {
        let names = indexes.all.map { index in
            let count = (try? index.searchable().summary.documents).map { ", \($0) documents" } ?? ""
            return index.name + count
        }
        var bytes: [UInt8] = []
        bytes.appendJSONString(
            "Searches indexes of documents: \(names.joined(separator: "; ")). Use search for questions, get_document to "
                + "read on, count and find for exact phrases. Name the documents that an answer rests on.")
        return bytes
    }

    /// The members of the result of a call. A fault in the arguments is a result too, which the assistant reads.
    ///
    /// - Throws: `RPCFault` for a tool that does not exist, or parameters that are no call.
    func call(_ parameters: JSON?) throws -> [UInt8] {
        guard let name = parameters?["name"]?.string else {
            throw RPCFault.invalidParameters("params has no name of a tool")
        }
        let given = parameters?["arguments"]
        guard given == nil || given?.members != nil else {
            throw RPCFault.invalidParameters("arguments is not an object")
        }
        let arguments = RequestObject(given?.members ?? [], path: "arguments")
        do {
            switch name {
            case "search": return try search(arguments)
            case "count": return try count(arguments)
            case "find": return try find(arguments)
            case "get_document": return try document(arguments)
            default: throw RPCFault.invalidParameters("unknown tool \"\(name)\"")
            }
        } catch let fault as RPCFault {
            throw fault
        } catch {
            let fault = RequestFault(error)
            let text = [fault.message, fault.remedy].compactMap { $0 }.joined(separator: "; ")
            return content(text) + Array(#","isError":true"#.utf8)
        }
    }

    private func search(_ arguments: RequestObject) throws -> [UInt8] {
        var request = try SearchRequest(arguments, indexes, models, engine.parts)
        if !arguments.has("k") { request.options.limit = 5 }
        let answer = try Services.answers(request.options, request.queries, in: request.index, engine, models)[0]
        var lines = answer.result.notes.map { "note: \($0)" }
        if let suggestion = answer.result.suggestion { lines.append("did you mean: \(suggestion)") }
        for hit in answer.result.hits {
            let heading = ([hit.title] + hit.section).filter { !$0.isEmpty }.joined(separator: " › ")
            lines.append(
                "[\(hit.rank)] id: \(hit.document)" + (heading.isEmpty ? "" : "  \(heading)") + "\n\(hit.text)")
        }
        if answer.result.hits.isEmpty { lines.append("nothing was found") }
        return try content(lines.joined(separator: "\n\n"), structured: answer)
    }

    private func count(_ arguments: RequestObject) throws -> [UInt8] {
        let request = try PhraseRequest(arguments, indexes, lists: false)
        let found = try request.index.phrases {
            try $0.count(request.query, named: request.phrase, request.options)
        }
        return try content("\(found.isEstimate ? "about " : "")\(found.count)", structured: found)
    }

    private func find(_ arguments: RequestObject) throws -> [UInt8] {
        var request = try PhraseRequest(arguments, indexes, lists: true)
        if !arguments.has("k") { request.options.passages = 5 }
        let found = try request.index.phrases {
            try $0.find(request.query, named: request.phrase, request.options)
        }
        var lines = [
            "\(found.count) occurrences in \(found.passageCount) passages of \(found.documentCount) documents"
        ]
        if !found.next.isEmpty {
            lines.append("next: " + found.next.map { "\"\($0.text)\" \($0.count)" }.joined(separator: ", "))
        }
        for passage in found.passages {
            lines.append(
                "id: \(passage.document)" + (passage.title.isEmpty ? "" : "  \(passage.title)") + "\n\(passage.text)")
        }
        return try content(lines.joined(separator: "\n\n"), structured: found)
    }

    private func document(_ arguments: RequestObject) throws -> [UInt8] {
        let index = try indexes.named(arguments.string("index"), at: arguments.place("index"))
        let id = try arguments.requiredString("id")
        let start = try arguments.integer("start", in: 0...1_000_000_000) ?? 0
        let length = try arguments.integer("length", in: 1...100_000) ?? 20_000
        try arguments.finish()
        guard let document = try index.document(id) else {
            throw RequestFault.notFound("no document \"\(id)\" in the index \(index.name)")
        }
        let scalars = document.text.unicodeScalars
        let part = String(String.UnicodeScalarView(scalars.dropFirst(start).prefix(length)))
        let (end, count) = (start + part.unicodeScalars.count, scalars.count)
        let more = end < count ? "\n\n(characters \(start) to \(end) of \(count); call again with start \(end))" : ""
        return content((document.title.isEmpty ? "" : document.title + "\n\n") + part + more)
    }

    private func content(_ text: String) -> [UInt8] {
        var bytes = Array(#""content":[{"type":"text","text":"#.utf8)
        bytes.appendJSONString(text)
        return bytes + Array("}]".utf8)
    }

    private func content(_ text: String, structured: some Encodable) throws -> [UInt8] {
        content(text) + Array(#","structuredContent":"#.utf8) + (try [UInt8](json: structured))
    }
}
