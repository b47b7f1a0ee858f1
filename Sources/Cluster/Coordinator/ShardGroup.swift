import Foundation
import Synchronization
import TrawlCore

/// All shards of a cluster, asked at once.
struct ShardGroup: Sendable {
    let connections: [any ShardConnection]
    /// The commit of each shard that is asked; 0 for the newest.
    var commits: [UInt64]
    /// The shards that did not answer, if a search may leave them out; nil if it must fail then.
    var missing: MissingShards?

    init(_ connections: [any ShardConnection]) {
        self.connections = connections
        commits = connections.map { _ in 0 }
    }

    var count: Int { connections.count }

    /// Whether no shard is missing from this search; one that is may be there in the next.
    var isComplete: Bool { missing?.all.isEmpty ?? true }

    /// The answers of all shards to the same question, without those of shards that are missing.
    ///
    /// - Throws: `TrawlError` that names the shard which failed; the first one of several.
    func ask<Question: ShardQuestion>(_ question: Question) throws -> [Question.Answer] {
        try askEach(question).compactMap { $0 }
    }

    /// The same by shard; nil for one that is missing.
    func askEach<Question: ShardQuestion>(_ question: Question) throws -> [Question.Answer?] {
        try ask(connections.map { _ in question })
    }

    /// The answers of shards that get a question each, or none.
    func ask<Question: ShardQuestion>(_ questions: [Question?]) throws -> [Question.Answer?] {
        try askVersioned(questions).map { $0?.answer }
    }

    /// The same with the commits that answered.
    func askVersioned<Question: ShardQuestion>(
        _ questions: [Question?]
    ) throws -> [(commit: UInt64, answer: Question.Answer)?] {
        precondition(questions.count == count)
        let waiting = WaitingAnswers(count: count)
        for (shard, question) in questions.enumerated() {
            guard let question, missing?.contains(shard) != true else { continue }
            let bytes = ShardFrame.question(Question.operation.rawValue, commit: commits[shard], question)
            waiting.expect()
            connections[shard].send(bytes) { waiting.receive($0, of: shard) }
        }
        return try waiting.all().enumerated().map { shard, result in
            guard let result else { return nil }
            do {
                return try read(result, of: shard, Question.self)
            } catch let error as TrawlError where missing != nil && Self.isUnreachable(error) {
                missing?.insert(shard)
                return nil
            }
        }
    }

    /// Whether a shard failed, rather than the question.
    private static func isUnreachable(_ error: TrawlError) -> Bool {
        [.io, .corrupted, .unavailable].contains(error.code)
    }

    private func read<Question: ShardQuestion>(
        _ result: Result<[UInt8], any Error>, of shard: Int, _ type: Question.Type
    ) throws -> (commit: UInt64, answer: Question.Answer) {
        do {
            let (status, commit, body) = try ShardFrame.readAnswer(try result.get())
            var reader = body
            guard status == 0 else { throw try reader.next(ShardFault.self).error }
            guard commits[shard] == 0 || commit == commits[shard] else {
                throw TrawlError(.busy, "it answered for another commit", remedy: "search again")
            }
            let answer = try reader.next(Question.Answer.self)
            try reader.finish()
            return (commit, answer)
        } catch let fault as ByteFault {
            throw named(
                TrawlError(
                    .corrupted, "its answer cannot be read: \(fault.message)",
                    remedy: "run the same version of Trawl on all machines"), shard)
        } catch let error as TrawlError {
            throw named(error, shard)
        } catch {
            throw named(TrawlError(.unavailable, "\(error)", remedy: "start it again, and search again"), shard)
        }
    }

    /// What a shard answers that cannot be.
    func impossible(_ what: String, of shard: Int) -> TrawlError {
        named(
            TrawlError(
                .corrupted, "its answer cannot be right: \(what)",
                remedy: "run the same version of Trawl on all machines"), shard)
    }

    /// The error with the shard's name.
    private func named(_ error: TrawlError, _ shard: Int) -> TrawlError {
        var named = error
        named.message = "shard \(shard) (\(connections[shard].name)): \(error.message)"
        named.path = nil
        return named
    }
}

/// The shards that a search leaves out, as they did not answer.
final class MissingShards: Sendable {
    private let shards = Mutex<Set<Int>>([])

    func contains(_ shard: Int) -> Bool { shards.withLock { $0.contains(shard) } }
    func insert(_ shard: Int) { shards.withLock { _ = $0.insert(shard) } }
    var all: [Int] { shards.withLock { $0.sorted() } }
}

/// Collects the answers of several shards.
private final class WaitingAnswers: Sendable {
    private let answers: Mutex<[Result<[UInt8], any Error>?]>
    private let group = DispatchGroup()

    init(count: Int) { answers = Mutex([Result<[UInt8], any Error>?](repeating: nil, count: count)) }

    func expect() { group.enter() }

    func receive(_ result: Result<[UInt8], any Error>, of shard: Int) {
        answers.withLock { $0[shard] = result }
        group.leave()
    }

    /// Waits for all that are expected.
    func all() -> [Result<[UInt8], any Error>?] {
        group.wait()
        return answers.withLock { $0 }
    }
}
