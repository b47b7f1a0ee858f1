import TrawlCore
public import TrawlEngine

/// Lets assistants use indexes by the Model Context Protocol: answers a line of JSON-RPC by a line. It knows the revision of
/// 2026-07-28, in which every request says who asks, and the revisions before it, which begin with a handshake.
///
/// ```
/// var server = try MCPServer(engine: Engine(), indexes: ["notes.trawl"], version: "1.0")
/// while let line = readLine() {
///     if let answer = server.answer(Array(line.utf8)) { … }
/// }
/// ```
/// For one thread at a time.
public struct MCPServer {
    private let tools: MCPTools
    private let version: String
    /// Whether a client of an earlier revision has shaken hands.
    private var isInitialised = false

    static let revision = "2026-07-28"
    /// From the oldest on.
    static let handshakeRevisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]

    private static let revisionKey = "io.modelcontextprotocol/protocolVersion"
    private static let capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
    private static let serverKey = "io.modelcontextprotocol/serverInfo"

    /// - Parameters:
    ///   - indexes: the folders of indexes.
    ///   - version: of the program.
    ///   - cluster: how the shards of clusters are reached.
    /// - Throws: `TrawlError` for an index that cannot be opened, and for two of one name.
    public init(
        engine: Engine, indexes: [String], version: String, cluster: ClusterAccess = ClusterAccess()
    ) throws {
        tools = MCPTools(engine: engine, indexes: try ServedIndexes(paths: indexes, engine: engine, cluster))
        self.version = version
    }

    /// The answer to a message, without a line feed; nil where none is expected.
    public mutating func answer(_ line: [UInt8]) -> [UInt8]? {
        var id: RPCMessage.ID?
        do {
            guard let message = try RPCMessage(line) else { return nil }
            guard message.id != nil else { return nil }
            id = message.id
            let isModern = try checkEnvelope(message)
            let result = try result(of: message, isModern: isModern)
            return envelope(id, "result", finished(result, isModern: isModern))
        } catch let fault as RPCFault {
            return envelope(fault.id ?? id, "error", Self.body(of: fault))
        } catch {
            return envelope(id, "error", Self.body(of: .internal(RequestFault(error).message)))
        }
    }

    /// Whether a message is of the revision without a handshake.
    ///
    /// - Throws: `RPCFault` where it is of a revision that this server does not know.
    private func checkEnvelope(_ message: RPCMessage) throws -> Bool {
        let meta = message.parameters?["_meta"]
        guard message.method != "initialize", let revision = meta?[Self.revisionKey] else {
            if message.method == "server/discover" {
                throw RPCFault.invalidParameters("params._meta has no \(Self.revisionKey)")
            }
            return false
        }
        guard let revision = revision.string else {
            throw RPCFault.invalidParameters("\(Self.revisionKey) is not a string")
        }
        guard revision == Self.revision else {
            var data = Array(#"{"requested":"#.utf8)
            data.appendJSONString(revision)
            data += Array(#","supported":["\#(Self.revision)"]}"#.utf8)
            throw RPCFault(code: -32022, message: "the revision \(revision) is not supported", data: data)
        }
        guard meta?[Self.capabilitiesKey]?.members != nil else {
            throw RPCFault.invalidParameters("params._meta has no \(Self.capabilitiesKey)")
        }
        return true
    }

    /// The members of a result, without braces.
    private mutating func result(of message: RPCMessage, isModern: Bool) throws -> [UInt8] {
        let capabilities = #""capabilities":{"tools":{"listChanged":false}}"#
        // What lists say may be kept for an hour; it does not change while the server runs.
        let caching = isModern ? #","ttlMs":3600000,"cacheScope":"private""# : ""
        switch (message.method, isModern) {
        case ("initialize", false):
            let asked = message.parameters?["protocolVersion"]?.string
            guard let asked else { throw RPCFault.invalidParameters("params has no protocolVersion") }
            let newest = Self.handshakeRevisions[Self.handshakeRevisions.count - 1]
            let revision = Self.handshakeRevisions.contains(asked) ? asked : newest
            isInitialised = true
            return Array(#""protocolVersion":"\#(revision)",\#(capabilities),"serverInfo":"#.utf8) + serverInfo
                + Array(#","instructions":"#.utf8) + tools.instructions
        case ("server/discover", true):
            return Array(#""supportedVersions":["\#(Self.revision)"],\#(capabilities)\#(caching),"instructions":"#.utf8)
                + tools.instructions
        case ("ping", _): return []
        case ("tools/list", _), ("tools/call", _):
            guard isModern || isInitialised else {
                throw RPCFault.invalidRequest("the first request must be initialize")
            }
            if message.method == "tools/call" { return try tools.call(message.parameters) }
            return Array(#""tools":"#.utf8) + PackageResources.tools_json.filter { $0 != UInt8(ascii: "\n") }
                + Array(caching.utf8)
        default: throw RPCFault.unknownMethod(message.method)
        }
    }

    private var serverInfo: [UInt8] { Array(#"{"name":"trawl","title":"Trawl","version":"\#(version)"}"#.utf8) }

    /// A whole result: the newest revision wants to know its type and who made it.
    private func finished(_ members: [UInt8], isModern: Bool) -> [UInt8] {
        guard isModern else { return Array("{".utf8) + members + Array("}".utf8) }
        let comma = members.isEmpty ? "" : ","
        return Array("{".utf8) + members
            + Array(#"\#(comma)"resultType":"complete","_meta":{"\#(Self.serverKey)":"#.utf8)
            + serverInfo + Array("}}".utf8)
    }

    private func envelope(_ id: RPCMessage.ID?, _ name: String, _ body: [UInt8]) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":"#.utf8) + (id?.json ?? Array("null".utf8)) + Array(#","\#(name)":"#.utf8) + body
            + Array("}".utf8)
    }

    private static func body(of fault: RPCFault) -> [UInt8] {
        var bytes = Array(#"{"code":\#(fault.code),"message":"#.utf8)
        bytes.appendJSONString(fault.message)
        if let data = fault.data { bytes += Array(#","data":"#.utf8) + data }
        return bytes + Array("}".utf8)
    }
}
