import HTTPTypes
import NIOCore
import TrawlCore

/// A JSON object of a request. Its fields are read one by one; `finish` refuses those that nobody read.
///
/// ```
/// let body = try RequestObject(bytes)
/// let query = try body.requiredString("query")
/// let k = try body.integer("k", in: 1...1000) ?? 10
/// try body.finish()
/// ```
/// A field that is null counts as missing.
final class RequestObject {
    let path: String
    private let members: [JSON.Member]
    private var known: [String] = []

    /// - Throws: `RequestFault` with status 400 for what is not JSON, 422 for JSON that is not an object.
    init(_ body: ByteBuffer) throws {
        let value: JSON
        do {
            value = try body.withUnsafeReadableBytes { try JSON(parsing: $0, path: "the body") }
        } catch let error as TrawlError {
            throw RequestFault(
                .badRequest, "invalid_json", "the body is not JSON: \(error.message)",
                remedy: "send a JSON object in UTF-8")
        }
        guard case .object(let members) = value else {
            throw RequestFault.invalid("the body is not a JSON object", at: "$", remedy: "send an object of fields")
        }
        self.members = members
        path = "$"
    }

    /// - Parameter path: the place of the object, for messages.
    init(_ members: [JSON.Member], path: String) {
        self.members = members
        self.path = path
    }

    func place(_ name: String) -> String { "\(path).\(name)" }

    /// Whether the field is there.
    func has(_ name: String) -> Bool { value(name) != nil }

    private func value(_ name: String) -> JSON? {
        if !known.contains(name) { known.append(name) }
        guard let value = members.last(where: { $0.name == name })?.value, value != .null else { return nil }
        return value
    }

    private func wrong(_ name: String, _ wanted: String) -> RequestFault {
        .invalid("\(name) is not \(wanted)", at: place(name), remedy: "give \(wanted)")
    }

    private func missing(_ name: String) -> RequestFault {
        .invalid("\(name) is missing", at: place(name), remedy: "give the field \(name)")
    }

    func string(_ name: String) throws -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw wrong(name, "a string") }
        return text
    }

    func requiredString(_ name: String) throws -> String {
        guard let text = try string(name) else { throw missing(name) }
        return text
    }

    /// A text of which something is to be looked for: not blank.
    func requiredText(_ name: String) throws -> String {
        let text = try requiredString(name)
        guard !text.allSatisfy(\.isWhitespace) else {
            throw RequestFault.invalid("\(name) is blank", at: place(name), remedy: "give a text")
        }
        return text
    }

    func boolean(_ name: String) throws -> Bool? {
        guard let value = value(name) else { return nil }
        guard let flag = value.bool else { throw wrong(name, "true or false") }
        return flag
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.int, range.contains(number) else {
            let shown = value.double.map { $0 == $0.rounded() && abs($0) < 0x1p53 ? "\(Int($0))" : "\($0)" }
            let wanted = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw RequestFault.invalid(
                shown.map { "\(name) is \($0)" } ?? "\(name) is not a number", at: place(name),
                remedy: "give \(wanted)")
        }
        return number
    }

    /// One of `values`.
    func choice<Value>(_ name: String, _ values: [(String, Value)]) throws -> Value? {
        guard let text = try string(name) else { return nil }
        if let found = values.first(where: { $0.0 == text }) { return found.1 }
        throw RequestFault.invalid(
            "unknown \(name) \"\(text)\"", at: place(name),
            remedy: "give one of \(values.map(\.0).joined(separator: ", "))")
    }

    /// A string, or a list of strings.
    func strings(_ name: String, atMost limit: Int) throws -> [String]? {
        try list(name, atMost: limit, "a string or a list of strings") { $0.string }
    }

    /// The values of a list, or the only one where there is no list.
    ///
    /// - Parameter wanted: what the field may be, for messages.
    func list<Value>(
        _ name: String, atMost limit: Int, _ wanted: String, _ read: (JSON) throws -> Value?
    ) throws -> [Value]? {
        guard let value = value(name) else { return nil }
        if let only = try read(value) { return [only] }
        guard let values = value.array else { throw wrong(name, wanted) }
        guard values.count <= limit else {
            throw RequestFault.invalid(
                "\(name) has \(values.count) values", at: place(name), remedy: "give at most \(limit)")
        }
        return try values.enumerated().map { index, value in
            guard let value = try read(value) else {
                throw RequestFault.invalid(
                    "\(name) is not \(wanted)", at: "\(place(name))[\(index)]", remedy: "give \(wanted)")
            }
            return value
        }
    }

    /// Numbers by name.
    func numbers(_ name: String) throws -> [(name: String, value: Double)]? {
        guard let value = value(name) else { return nil }
        guard let members = value.members else { throw wrong(name, "an object of numbers") }
        return try members.map { member in
            guard let number = member.value.double else {
                throw RequestFault.invalid(
                    "\(member.name) is not a number", at: "\(place(name)).\(member.name)", remedy: "give a number")
            }
            return (member.name, number)
        }
    }

    /// The value of a field of several types; nil where there is none.
    func any(_ name: String) -> JSON? { value(name) }

    /// - Throws: `RequestFault` that names the first field that was not read.
    func finish() throws {
        guard let unknown = members.first(where: { !known.contains($0.name) }) else { return }
        // As much of the name as tells it: it may fill the whole request.
        let name = String(unknown.name.unicodeScalars.prefix(100).map(Character.init))
        let near = nearestName(to: name, among: known)
        throw RequestFault.invalid(
            "unknown field \"\(name)\"", at: place(name),
            remedy: (near.map { "did you mean \"\($0)\"? " } ?? "")
                + "the fields here are \(known.sorted().joined(separator: ", "))")
    }
}
