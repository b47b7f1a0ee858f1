/// A JSON document (RFC 8259), with the members of its objects in the order of the file.
///
/// Why not Foundation: its dictionaries take two tokens that differ only in how their accents are composed for one and
/// drop the byte order mark that is a token, nothing in it says where a file is wrong or that a name occurs twice, and it
/// takes four times as long for a vocabulary.
package enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSON
    }

    /// Reads a whole file.
    ///
    /// - Throws: `TrawlError`: `.notFound`, `.io`, and as `init(parsing:path:)`.
    package init(contentsOf path: String) throws {
        self = try MappedFile(path: path).withBytes { try JSON(parsing: $0, path: path) }
    }

    /// - Parameters:
    ///   - path: The file that the bytes come from, for messages.
    ///   - comparesNames: Whether names that occur twice are looked for: a third of the time for a vocabulary, which bytes
    ///     that were read before can do without.
    /// - Throws: `TrawlError.corrupted` with the line and the byte for anything that RFC 8259 does not allow, and for what
    ///   it leaves open: a name that occurs twice in an object, a number beyond double precision, nesting deeper than
    ///   `maximumDepth`. A byte order mark at the start is passed over.
    /// - Complexity: O(length).
    package init(parsing bytes: UnsafeRawBufferPointer, path: String, comparesNames: Bool = true) throws {
        self = try JSONParser.document(
            bytes.bindMemory(to: UInt8.self), path: path, comparesNames: comparesNames)
    }

    /// So many arrays and objects may stand in one another, which bounds the stack.
    package static let maximumDepth = 100

    /// The first member of that name, compared scalar by scalar; nil when there is none, when it is null, or when this is
    /// no object. O(members).
    package subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        let found = members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
        return found == .null ? nil : found
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var double: Double? { if case .number(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var members: [Member]? { if case .object(let value) = self { value } else { nil } }

    /// A whole number that double precision tells from its neighbours: of a size below 2^53.
    package var int: Int? {
        guard let double, double.magnitude < 0x1p53 else { return nil }
        return Int(exactly: double)
    }

    /// A whole number that is not negative, as counts, positions and ids are.
    package var count: Int? { int.flatMap { $0 < 0 ? nil : $0 } }
}
