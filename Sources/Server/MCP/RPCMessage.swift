import TrawlCore

/// A message of JSON-RPC 2.0 that asks for something.
struct RPCMessage {
    enum ID: Equatable {
        case number(Int)
        case string(String)
    }

    /// nil: a notification, which is not answered.
    let id: ID?
    let method: String
    let parameters: JSON?
}

/// Why a message is not answered as it wishes, with a code of JSON-RPC or of the protocol above it.
struct RPCFault: Error {
    let code: Int
    let message: String
    /// More for programs, as JSON.
    var data: [UInt8]?
    /// The message that it answers, as far as that could be read.
    var id: RPCMessage.ID?

    static func parse(_ message: String) -> RPCFault { RPCFault(code: -32700, message: message) }
    static func invalidRequest(_ message: String, _ id: RPCMessage.ID? = nil) -> RPCFault {
        RPCFault(code: -32600, message: message, id: id)
    }
    static func unknownMethod(_ method: String) -> RPCFault {
        RPCFault(code: -32601, message: "unknown method \"\(method)\"")
    }
    static func invalidParameters(_ message: String) -> RPCFault { RPCFault(code: -32602, message: message) }
    static func `internal`(_ message: String) -> RPCFault { RPCFault(code: -32603, message: message) }
}

extension RPCMessage {
    /// - Returns: nil for an answer, of which this side awaits none.
    /// - Throws: `RPCFault` for what is not a message of JSON-RPC 2.0.
    init?(_ line: [UInt8]) throws {
        let value: JSON
        do { value = try line.withUnsafeBytes { try JSON(parsing: $0, path: "the message") } } catch let error
            as TrawlError
        {
            throw RPCFault.parse("the message is not JSON: \(error.message)")
        }
        guard value.members != nil else { throw RPCFault.invalidRequest("the message is not a JSON object") }
        switch value["id"] {
        case nil: id = nil
        case .string(let text): id = .string(text)
        case .some(let other):
            guard let number = other.int else {
                throw RPCFault.invalidRequest("the id is neither a string nor a whole number")
            }
            id = .number(number)
        }
        guard value["jsonrpc"]?.string == "2.0" else { throw RPCFault.invalidRequest("jsonrpc is not \"2.0\"", id) }
        guard let method = value["method"]?.string else {
            if value["result"] != nil || value["error"] != nil { return nil }
            throw RPCFault.invalidRequest("the message has no method", id)
        }
        self.method = method
        parameters = value["params"]
        if let parameters, parameters.members == nil {
            throw RPCFault.invalidRequest("params is not an object", id)
        }
    }
}

extension RPCMessage.ID {
    var json: [UInt8] {
        switch self {
        case .number(let number): return Array("\(number)".utf8)
        case .string(let text):
            var bytes: [UInt8] = []
            bytes.appendJSONString(text)
            return bytes
        }
    }
}
