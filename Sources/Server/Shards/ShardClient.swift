import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TrawlCore

/// Sends questions to one server over connections that are kept open.
final class ShardClient: Sendable {
    let address: ShardAddress
    private let apiKey: String?
    private let timeout: TimeAmount
    private let loops = MultiThreadedEventLoopGroup.singleton
    private let idle = Mutex<[any Channel]>([])

    /// Connections that wait for the next question; more are closed.
    private static let idleLimit = 16

    init(_ address: ShardAddress, apiKey: String?, timeout: TimeAmount) {
        (self.address, self.apiKey, self.timeout) = (address, apiKey, timeout)
    }

    deinit { for channel in idle.withLock({ $0 }) { channel.close(promise: nil) } }

    /// The answer to a question. Its future fails with a `TrawlError`.
    func answer(_ question: [UInt8]) -> EventLoopFuture<[UInt8]> {
        if let channel = takeIdle() {
            // The server may have closed a connection that was kept open. Questions change nothing, so asking again is safe.
            return exchange(question, channel).flatMapError { [self] _ in connectAndAsk(question) }
        }
        return connectAndAsk(question)
    }

    private func takeIdle() -> (any Channel)? {
        while let channel = idle.withLock({ $0.popLast() }) { if channel.isActive { return channel } }
        return nil
    }

    private func connectAndAsk(_ question: [UInt8]) -> EventLoopFuture<[UInt8]> {
        ClientBootstrap(group: loops)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler())
                }
            }
            .connect(host: address.host, port: address.port)
            .flatMapErrorThrowing { [address] error in
                throw TrawlError(
                    .unavailable, "\(address.host):\(address.port) cannot be reached: \(error)",
                    remedy: "start the shard, or name a replica that runs")
            }
            .flatMap { [self] channel in exchange(question, channel) }
    }

    private func exchange(_ question: [UInt8], _ channel: any Channel) -> EventLoopFuture<[UInt8]> {
        let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
        var headers = HTTPHeaders([
            ("Host", "localhost"), ("Content-Type", "application/octet-stream"),
            ("Content-Length", "\(question.count)"),
        ])
        if let apiKey { headers.add(name: "Authorization", value: "Bearer \(apiKey)") }
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: address.path, headers: headers)
        let body = channel.allocator.buffer(bytes: question)
        channel.pipeline.write(AskedQuestion(head: head, body: body, promise: promise), promise: nil)
        channel.flush()
        let deadline = channel.eventLoop.scheduleTask(in: timeout) { [address, timeout] in
            promise.fail(
                TrawlError(
                    .unavailable,
                    "\(address.host):\(address.port) did not answer within \(timeout.nanoseconds / 1_000_000) ms",
                    remedy: "look whether the shard is overloaded"))
            channel.close(promise: nil)
        }
        return promise.futureResult.flatMapThrowing { [self] answer in
            deadline.cancel()
            if answer.keepsAlive { keep(channel) } else { channel.close(promise: nil) }
            guard answer.status == .ok else {
                let text = String(decoding: answer.bytes.prefix(300), as: UTF8.self)
                throw TrawlError(
                    .unavailable, "\(address.host):\(address.port) answered \(answer.status.code): \(text)",
                    remedy: "look at the server of the shard")
            }
            return answer.bytes
        }.flatMapErrorThrowing { [address] error in
            deadline.cancel()
            channel.close(promise: nil)
            if error is TrawlError { throw error }
            throw TrawlError(
                .unavailable, "\(address.host):\(address.port) broke off: \(error)",
                remedy: "look whether the shard still runs")
        }
    }

    private func keep(_ channel: any Channel) {
        let isKept = idle.withLock { idle in
            guard idle.count < Self.idleLimit else { return false }
            idle.append(channel)
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }
}

private struct HTTPAnswer: Sendable {
    let status: HTTPResponseStatus
    let keepsAlive: Bool
    let bytes: [UInt8]
}

/// A question on its way down a pipeline, with whoever waits for the answer.
private struct AskedQuestion: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer
    let promise: EventLoopPromise<HTTPAnswer>
}

/// Writes one question after the other and collects the answers, of which one is due at a time.
private final class AnswerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = AskedQuestion
    typealias OutboundOut = HTTPClientRequestPart

    private struct BrokenOff: Error, CustomStringConvertible {
        let description: String
    }

    private var waiting: EventLoopPromise<HTTPAnswer>?
    private var head: HTTPResponseHead?
    private var bytes: [UInt8] = []

    /// The largest answer: far more than any search needs.
    private static let byteLimit = 1 << 30

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let question = unwrapOutboundIn(data)
        waiting = question.promise
        (head, bytes) = (nil, [])
        context.write(wrapOutboundOut(.head(question.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(question.body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length <= Self.byteLimit {
                bytes.reserveCapacity(length)
            }
        case .body(let part):
            guard bytes.count + part.readableBytes <= Self.byteLimit else {
                fail("the answer has more than \(Self.byteLimit) bytes")
                context.close(promise: nil)
                return
            }
            bytes.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head, let waiting else { return }
            self.waiting = nil
            waiting.succeed(HTTPAnswer(status: head.status, keepsAlive: head.isKeepAlive, bytes: bytes))
            bytes = []
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection was closed")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        waiting?.fail(error)
        waiting = nil
        context.close(promise: nil)
    }

    private func fail(_ reason: String) {
        waiting?.fail(BrokenOff(description: reason))
        waiting = nil
    }
}
