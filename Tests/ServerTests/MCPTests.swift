import Foundation
import Testing
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

@testable import TrawlServer

@Suite struct MCPTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let path = try folder.write("corpus.jsonl", RunningServer.corpus)
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical", "generative"])), at: folder.path("notes.trawl"),
            documents: CorpusReader(paths: [path]).makeIterator())
    }

    private func server() throws -> MCPServer {
        try MCPServer(engine: Engine(), indexes: [folder.path("notes.trawl")], version: "1.2")
    }

    /// A session after the handshake.
    private func session() throws -> MCPServer {
        var server = try server()
        let answer = try object(server.answer(Array(Self.handshake.utf8)))
        try #require((answer["result"] as? [String: Any])?["protocolVersion"] as? String == "2025-06-18")
        return server
    }

    private static let handshake = #"""
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
        """#

    private func object(_ bytes: [UInt8]?) throws -> [String: Any] {
        let bytes = try #require(bytes)
        #expect(!bytes.contains(UInt8(ascii: "\n")))
        return try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func ask(_ server: inout MCPServer, _ line: String) throws -> [String: Any] {
        try object(server.answer(Array(line.utf8)))
    }

    /// The text of a tool's answer, and whether it is an error.
    private func call(_ tool: String, _ arguments: String) throws -> (
        text: String, isError: Bool, structured: [String: Any]?
    ) {
        var server = try session()
        let answer = try ask(
            &server,
            #"{"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": {"name": "\#(tool)", "arguments": \#(arguments)}}"#
        )
        let result = try #require(answer["result"] as? [String: Any], "\(answer)")
        let content = try #require((result["content"] as? [[String: Any]])?.first)
        return (
            content["text"] as? String ?? "", result["isError"] as? Bool ?? false,
            result["structuredContent"] as? [String: Any]
        )
    }

    @Test func aSearchNamesTheDocumentsAndTheirText() throws {
        let found = try call("search", #"{"query": "what pulls the oceans", "mode": "lexical", "k": 1}"#)
        #expect(found.text.contains("id: moon  Tides\nThe moon pulls the oceans"), "\(found.text)")
        #expect((found.structured?["hits"] as? [Any])?.count == 1)
    }

    @Test func phrasesAreCountedAndFound() throws {
        #expect(try call("count", #"{"phrase": "blue"}"#).text == "2")
        let found = try call("find", #"{"phrase": "light", "k": 1}"#)
        #expect(found.text.hasPrefix("2 occurrences in 2 passages of 2 documents"), "\(found.text)")
    }

    @Test func aDocumentIsReadInParts() throws {
        let whole = try call("get_document", #"{"id": "bird"}"#)
        #expect(whole.text == "Swifts\n\nSwifts sleep in the air and land only to nest.")
        let part = try call("get_document", #"{"id": "bird", "start": 7, "length": 5}"#)
        #expect(part.text.contains("sleep") && part.text.contains("call again with start 12"), "\(part.text)")
    }

    /// An assistant reads what is wrong with its arguments, and can mend it.
    @Test func faultsInArgumentsAreAnswersThatSayWhatToDo() throws {
        let cases = [
            ("search", #"{}"#, "query is missing"), ("search", #"{"query": "a", "top": 1}"#, "unknown field"),
            ("search", #"{"query": "a", "index": "other"}"#, "there are notes"),
            ("get_document", #"{"id": "none"}"#, "no document"), ("count", #"{"phrase": "a AND"}"#, "AND"),
        ]
        for (tool, arguments, text) in cases {
            let answer = try call(tool, arguments)
            #expect(answer.isError && answer.text.contains(text), "\(tool): \(answer.text)")
        }
    }

    @Test func whatIsNotARequestIsAnsweredByTheCodesOfJSONRPC() throws {
        var server = try session()
        let cases: [(String, Int)] = [
            ("{", -32700), ("[]", -32600), (#"{"id": 1, "method": "ping"}"#, -32600),
            (#"{"jsonrpc": "2.0", "id": 1}"#, -32600), (#"{"jsonrpc": "2.0", "id": [1], "method": "ping"}"#, -32600),
            (#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": 3}"#, -32600),
            (#"{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}"#, -32601),
            (#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "none"}}"#, -32602),
            (#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}"#, -32602),
            (#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}"#, -32602),
        ]
        for (line, code) in cases {
            let answer = try ask(&server, line)
            #expect((answer["error"] as? [String: Any])?["code"] as? Int == code, "\(line): \(answer)")
        }
        #expect(try ask(&server, #"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#)["result"] != nil)
        #expect(server.answer(Array(#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#.utf8)) == nil)
        #expect(server.answer(Array(#"{"jsonrpc": "2.0", "id": 5, "result": {}}"#.utf8)) == nil)
    }

    @Test func toolsNeedAHandshakeOrTheEnvelopeOfTheNewestRevision() throws {
        var server = try server()
        let early = try ask(&server, #"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#)
        #expect((early["error"] as? [String: Any])?["code"] as? Int == -32600)
        func envelope(_ method: String, _ revision: String) -> String {
            #"{"jsonrpc": "2.0", "id": 1, "method": "\#(method)", "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": "\#(revision)", "io.modelcontextprotocol/clientCapabilities": {}}}}"#
        }
        for method in ["server/discover", "tools/list"] {
            let answer = try ask(&server, envelope(method, "2026-07-28"))
            let result = try #require(answer["result"] as? [String: Any], "\(answer)")
            #expect(result["resultType"] as? String == "complete" && result["ttlMs"] is Int)
        }
        let unknown = try ask(&server, envelope("tools/list", "2031-01-01"))
        let error = try #require(unknown["error"] as? [String: Any])
        #expect(error["code"] as? Int == -32022)
        #expect((error["data"] as? [String: Any])?["supported"] as? [String] == ["2026-07-28"])
    }

    /// What assistants are told of the tools is what these read.
    @Test func theToolsReadWhatTheirDescriptionsSay() throws {
        let tools = try #require(
            JSONSerialization.jsonObject(with: Data(PackageResources.tools_json)) as? [[String: Any]])
        for tool in tools {
            let schema = try #require(tool["inputSchema"] as? [String: Any])
            let properties = try #require(schema["properties"] as? [String: [String: Any]])
            var arguments: [String: Any] = ["index": "notes"]
            for (name, property) in properties where name != "index" {
                switch property["type"] as? String {
                case "integer": arguments[name] = property["default"]
                case "boolean": arguments[name] = true
                default: arguments[name] = ["filter": "year>=1999", "mode": "lexical", "id": "moon"][name] ?? "moon"
                }
            }
            let text = String(decoding: try JSONSerialization.data(withJSONObject: arguments), as: UTF8.self)
            let answer = try call(tool["name"] as? String ?? "", text)
            #expect(!answer.isError, "\(tool["name"] ?? ""): \(answer.text)")
        }
    }
}
