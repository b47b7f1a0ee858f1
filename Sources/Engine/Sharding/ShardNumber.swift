public import TrawlCore

/// One of the shards that a corpus is divided into: its number, from 0, and how many there are.
///
/// ```
/// let shard = try ShardNumber("2/8")
/// shard.contains("doc-1")   // whether the document belongs to it
/// ```
public struct ShardNumber: Hashable, Sendable {
    /// The most shards of a corpus.
    public static let maximumCount = 4096

    /// From 0 to `count - 1`.
    public let number: Int
    public let count: Int

    /// - Throws: `TrawlError.invalidInput` for numbers out of their bounds.
    public init(_ number: Int, of count: Int) throws {
        guard 1...Self.maximumCount ~= count else {
            throw TrawlError(
                .invalidInput, "there cannot be \(count) shards", remedy: "divide into 1 to \(Self.maximumCount)")
        }
        guard 0..<count ~= number else {
            throw TrawlError(
                .invalidInput, "there is no shard \(number) of \(count)",
                remedy: count == 1 ? "the only one is shard 0" : "they are numbered from 0 to \(count - 1)")
        }
        self.number = number
        self.count = count
    }

    /// - Parameter text: the number, a slash and the count, such as `2/8`.
    /// - Throws: `TrawlError.invalidInput` for any other text.
    public init(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let digits = parts.allSatisfy { part in part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } }
        guard parts.count == 2, digits, let number = Int(parts[0]), let count = Int(parts[1]) else {
            throw TrawlError(
                .invalidInput, "\"\(text)\" does not name a shard",
                remedy: "write its number, from 0, a slash and how many shards there are, such as 2/8")
        }
        try self.init(number, of: count)
    }

    /// Whether the document called `id` belongs to the shard.
    public func contains(_ id: DocumentID) -> Bool { ShardAssignment.shard(of: id, count: count) == number }
}

extension ShardNumber: CustomStringConvertible {
    /// `2 of 8`.
    public var description: String { "\(number) of \(count)" }
}

extension ShardNumber: Codable {
    enum CodingKeys: String, CodingKey { case number, count }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(values.decode(Int.self, forKey: .number), of: values.decode(Int.self, forKey: .count))
    }
}
