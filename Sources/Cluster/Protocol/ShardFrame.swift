import TrawlCore

/// The frame of what a coordinator asks a shard and of what it answers:
///
/// ```
/// question: "TRSQ" | version u16 | operation u16 | commit u64 | body
/// answer:   "TRSA" | version u16 | status u16 | commit u64 | body
/// ```
/// Numbers are little-endian. `commit` is that of the index that is asked, so that all steps of a search see the same one; 0 asks
/// for the newest. The status is 0 for an answer and 1 for an error, whose body is a `ShardFault`.
enum ShardFrame {
    static let version: UInt16 = 1
    static let headBytes = 16
    private static let question = Array("TRSQ".utf8)
    private static let answer = Array("TRSA".utf8)

    static func question(_ operation: UInt16, commit: UInt64, _ body: some ByteCodable) -> [UInt8] {
        frame(question, operation, commit, body)
    }

    static func answer(status: UInt16, commit: UInt64, _ body: some ByteCodable) -> [UInt8] {
        frame(answer, status, commit, body)
    }

    static func readQuestion(
        _ bytes: [UInt8]
    ) throws(ByteFault) -> (operation: UInt16, commit: UInt64, body: ByteReader) {
        let (code, commit, body) = try read(bytes, question)
        return (code, commit, body)
    }

    static func readAnswer(_ bytes: [UInt8]) throws(ByteFault) -> (status: UInt16, commit: UInt64, body: ByteReader) {
        var (code, commit, body) = try read(bytes, answer)
        body.isAnswer = true
        return (code, commit, body)
    }

    private static func frame(_ magic: [UInt8], _ code: UInt16, _ commit: UInt64, _ body: some ByteCodable) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(raw: magic)
        writer.append(fixed: version)
        writer.append(fixed: code)
        writer.append(fixed: commit)
        writer.append(body)
        return writer.bytes
    }

    private static func read(
        _ bytes: [UInt8], _ magic: [UInt8]
    ) throws(ByteFault) -> (code: UInt16, commit: UInt64, body: ByteReader) {
        var reader = ByteReader(bytes)
        guard try reader.raw(4).elementsEqual(magic) else {
            throw ByteFault("this is not a message of the shard protocol")
        }
        let version: UInt16 = try reader.fixed()
        guard version == Self.version else {
            throw ByteFault("the other side speaks version \(version) of the shard protocol, this one \(Self.version)")
        }
        return (try reader.fixed(), try reader.fixed(), reader)
    }
}

/// An error of a shard, as it travels.
struct ShardFault {
    let code: String
    let message: String
    let path: String?
    let remedy: String?

    init(_ error: TrawlError) {
        (code, message, path, remedy) = (error.code.description, error.message, error.path, error.remedy)
    }

    private static let codes: [TrawlError.Code] = [
        .notFound, .invalidInput, .corrupted, .incompatible, .busy, .io, .full, .unavailable, .unsupported,
    ]

    /// The error as it was in the shard.
    var error: TrawlError {
        TrawlError(
            Self.codes.first { $0.description == code } ?? .io, message, path: path, remedy: remedy)
    }
}

extension ShardFault: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (code, message, path, remedy) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(code, message, path, remedy) }
}

/// What a coordinator asks of shards.
protocol ShardQuestion: ByteCodable {
    associatedtype Answer: ByteCodable
    static var operation: ShardOperation { get }
}

/// The operations of the protocol. Numbers are never used again for another one.
enum ShardOperation: UInt16, CaseIterable, Sendable {
    case describe = 1
    case termFrequencies = 2
    case expandTerm = 3
    case searchTerms = 4
    case searchOperators = 5
    case allowed = 6
    case explainTerms = 7
    case explainOperators = 8
    case writtenForm = 9
    case searchVectors = 10
    case vectors = 11
    case nextTokens = 12
    case locate = 13
    case rankKeys = 14
    case passageTokens = 15
    case passages = 16
    case documentPassages = 17
    case missingFields = 18
    case phrases = 19
    case document = 20
}

/// What carriers of messages need to know of them.
public enum ShardMessage {
    /// Whether an answer is an error of the shard, or no answer at all.
    public static func isFailure(_ answer: [UInt8]) -> Bool {
        guard let (status, _, _) = try? ShardFrame.readAnswer(answer) else { return true }
        return status != 0
    }
}
