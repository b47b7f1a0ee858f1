import NIOCore
import NIOPosix
import Synchronization
public import TrawlCluster
import TrawlCore

/// A shard that is served by one or more replicas, all with the same contents.
///
/// Questions go to the replicas in turn. Where one fails, the next is asked; where one takes longer than most answers did (the
/// 95th percentile of the last ones), the next is asked too and the first answer counts. Questions change nothing and carry all
/// that they need, so that any replica can answer any step of a search.
public final class ReplicatedShard: ShardConnection {
    public let name: String
    private let replicas: [ShardClient]
    private let patience: TimeAmount?
    private let state = Mutex(State())

    private struct State {
        var next = 0
        /// When a replica that failed is asked again, by its position.
        var asleep: [Int: NIODeadline] = [:]
        var times = AnswerTimes()
    }

    /// How long a replica that failed is left alone while there are others.
    private static let pause = TimeAmount.seconds(1)

    /// - Parameters:
    ///   - apiKey: what the servers demand; nil: nothing.
    ///   - timeout: in seconds, for one answer of one replica.
    public convenience init(_ addresses: [ShardAddress], apiKey: String? = nil, timeout: Double = 30) {
        self.init(addresses, apiKey: apiKey, timeout: timeout, patience: nil)
    }

    /// - Parameter patience: in seconds, after which another replica is asked too; nil: what most answers took.
    init(_ addresses: [ShardAddress], apiKey: String?, timeout: Double, patience: Double?) {
        precondition(!addresses.isEmpty)
        self.patience = patience.map { .milliseconds(Int64($0 * 1000)) }
        replicas = addresses.map { ShardClient($0, apiKey: apiKey, timeout: .milliseconds(Int64(timeout * 1000))) }
        name = addresses.map { "\($0.host):\($0.port)" }.joined(separator: ", ")
    }

    public func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void) {
        let attempt = Attempt(question, order: order(), answered)
        askNext(attempt)
    }

    /// The replicas in the order in which they are asked: in turn, those that failed lately last.
    private func order() -> [Int] {
        state.withLock { state in
            let start = state.next
            state.next = (state.next + 1) % replicas.count
            let turn = replicas.indices.map { (start + $0) % replicas.count }
            let now = NIODeadline.now()
            return turn.filter { (state.asleep[$0] ?? now) <= now } + turn.filter { (state.asleep[$0] ?? now) > now }
        }
    }

    private func askNext(_ attempt: Attempt) {
        guard let replica = attempt.takeNext() else { return }
        let start = NIODeadline.now()
        let answer = replicas[replica].answer(attempt.question)
        answer.whenComplete { [self] result in
            switch result {
            case .success(let bytes) where !ShardMessage.isFailure(bytes):
                state.withLock { state in
                    state.times.add(NIODeadline.now() - start)
                    state.asleep[replica] = nil
                }
                attempt.finish(.success(bytes))
            case .success(let bytes):
                // An error of this replica's index: another may have the commit that is asked for.
                attempt.failed(.success(bytes))
                askNext(attempt)
            case .failure(let error):
                state.withLock { $0.asleep[replica] = .now() + Self.pause }
                attempt.failed(.failure(error))
                askNext(attempt)
            }
        }
        guard attempt.hasNext, let patience = patience ?? state.withLock({ $0.times.slow }) else { return }
        answer.eventLoop.scheduleTask(in: patience) { [self] in
            if !attempt.isFinished { askNext(attempt) }
        }
    }

    /// One question, which several replicas may be asked.
    private final class Attempt: Sendable {
        let question: [UInt8]
        private let state: Mutex<Progress>
        private let answered: @Sendable (Result<[UInt8], any Error>) -> Void

        private struct Progress {
            var left: ArraySlice<Int>
            var running = 0
            var isFinished = false
        }

        init(
            _ question: [UInt8], order: [Int], _ answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void
        ) {
            (self.question, self.answered) = (question, answered)
            state = Mutex(Progress(left: order[...]))
        }

        var isFinished: Bool { state.withLock { $0.isFinished } }
        var hasNext: Bool { state.withLock { !$0.left.isEmpty } }

        /// The replica to ask now; nil where none is left or the answer is there.
        func takeNext() -> Int? {
            state.withLock { state in
                guard !state.isFinished, let next = state.left.popFirst() else { return nil }
                state.running += 1
                return next
            }
        }

        /// One replica has failed; the last failure is the answer.
        func failed(_ result: Result<[UInt8], any Error>) {
            let isLast = state.withLock { state in
                state.running -= 1
                guard !state.isFinished, state.running == 0, state.left.isEmpty else { return false }
                state.isFinished = true
                return true
            }
            if isLast { answered(result) }
        }

        func finish(_ result: Result<[UInt8], any Error>) {
            let isFirst = state.withLock { state in
                state.running -= 1
                defer { state.isFinished = true }
                return !state.isFinished
            }
            if isFirst { answered(result) }
        }
    }
}

/// How long the last answers took.
private struct AnswerTimes {
    private var last: [TimeAmount] = []
    private var position = 0
    private static let kept = 128
    /// No verdict is made of fewer.
    private static let enough = 20
    /// Below, asking twice costs more than waiting.
    private static let shortest = TimeAmount.milliseconds(5)

    mutating func add(_ time: TimeAmount) {
        if last.count < Self.kept { last.append(time) } else { last[position] = time }
        position = (position + 1) % Self.kept
    }

    /// What an answer takes that is slower than 95 of 100; nil where too few are known.
    var slow: TimeAmount? {
        guard last.count >= Self.enough else { return nil }
        let sorted = last.sorted()
        return max(Self.shortest, sorted[sorted.count * 95 / 100])
    }
}
