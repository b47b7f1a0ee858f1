import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import TrawlCore

/// Watches one connection: closes it when a request does not arrive in time or none comes, or when its client does not read,
/// notes when its client goes, asks clients that wait for permission to send a body to go on, and refuses heads that HTTP/1.1
/// forbids. Whoever closes the connection, answers that are due are sent first.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        let requestTime: TimeAmount
        /// Without a request, or without the client's reading any byte of an answer.
        let idleTime: TimeAmount
        /// How long to read on after refusing a request: a client that is still sending would lose the answer otherwise.
        let lingeringTime = TimeAmount.seconds(2)
        let bodyBytes: Int
    }

    private let registry: ConnectionRegistry
    private let limits: Limits
    private var deadline: Scheduled<Void>?
    /// Requests that were read and are not answered.
    private var unanswered = 0
    /// Whether parts of a request are still to come.
    private var isReading = false
    /// Whether a request was refused, so that nothing more is read.
    private var isRefused = false
    /// Whether the connection ends with the answers that are due.
    private var isLast = false

    /// Parts of answers that were not sent to the client, and those that were.
    private var (unsent, sent) = (0, 0)
    private var sendingDeadline: Scheduled<Void>?
    /// Whether the connection ends as soon as nothing is unsent, and what to tell of it.
    private var isClosing = false
    private var closing: EventLoopPromise<Void>?

    init(_ registry: ConnectionRegistry, _ limits: Limits) {
        self.registry = registry
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        registry.opened(context.channel)
        close(in: limits.idleTime, context)
        // What this handler reads has neither the bytes of a head that is not complete nor the version of HTTP.
        let pipeline = context.pipeline.syncOperations
        let arrivals = ArrivalHandler { [weak self] in self?.bytesArrived(context) }
        let heads = VersionHandler { [weak self] in self?.isLast = true }
        try? pipeline.addHandler(arrivals, position: .first)
        if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
            try? pipeline.addHandler(heads, position: .before(codec))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        sendingDeadline?.cancel()
        registry.closed(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        sendingDeadline?.cancel()
        registry.closed(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { registry.abandoned(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    /// The first bytes of a request: from now on it must arrive in time.
    private func bytesArrived(_ context: ChannelHandlerContext) {
        guard !isReading, unanswered == 0 else { return }
        isReading = true
        schedule(limits.requestTime, context) { [self] in refuse($0, .late) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isRefused { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let fault = VersionHandler.fault(of: head) { return refuse(context, fault) }
            if !isReading {
                isReading = true
                schedule(limits.requestTime, context) { [self] in refuse($0, .late) }
            }
            unanswered += 1
            let length = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            if head.headerFields[.expect]?.lowercased() == "100-continue", length <= limits.bodyBytes {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end:
            isReading = false
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            // What is left of a refused request could not be told from the next one.
            if isReading, unanswered == 1, [.clientError, .serverError].contains(head.status.kind) { isLast = true }
            if isLast, unanswered == 1, head.status.kind != .informational { head.headerFields[.connection] = "close" }
            send(.head(head), promise, context)
        case .end(let trailers):
            unanswered -= 1
            send(.end(trailers), promise, context)
            guard unanswered == 0 else { return }
            if isLast {
                if isReading { isRefused = true }
                closeWhenSent(context)
            } else if !isReading {
                close(in: limits.idleTime, context)
            }
        case let part: send(part, promise, context)
        }
    }

    /// Closes the connection; what is written is sent before.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all else { return context.close(mode: mode, promise: promise) }
        closeWhenSent(context, promise)
    }

    // MARK: - Sending

    private func send(_ part: HTTPResponsePart, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        let isSent = context.eventLoop.makePromise(of: Void.self)
        isSent.futureResult.cascade(to: promise)
        isSent.futureResult.assumeIsolated().whenComplete { [self] _ in
            unsent -= 1
            sent += 1
            guard unsent == 0 else { return }
            sendingDeadline?.cancel()
            sendingDeadline = nil
            if isClosing { close(context) }
        }
        unsent += 1
        if sendingDeadline == nil { watchSending(context) }
        context.write(wrapOutboundOut(part), promise: isSent)
    }

    /// Closes the connection when its client has read nothing for the idle time.
    private func watchSending(_ context: ChannelHandlerContext) {
        let before = (sent, buffered(context))
        sendingDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: limits.idleTime) { [self] in
            // An answer that is not written yet, since it is computed, is not the client's fault.
            if before.1 == 0 || before != (sent, buffered(context)) { watchSending(context) } else { close(context) }
        }
    }

    /// The bytes that the client has not taken.
    private func buffered(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    // MARK: - Closing

    private func closeWhenSent(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil) {
        isClosing = true
        if let closing { closing.futureResult.cascade(to: promise) } else { closing = promise }
        if unsent == 0 { close(context) } else { context.flush() }
    }

    private func close(_ context: ChannelHandlerContext) {
        let promise = closing
        closing = nil
        deadline?.cancel()
        guard isRefused, isReading, context.channel.isActive else { return context.close(promise: promise) }
        context.close(mode: .output, promise: nil)
        isReading = false
        schedule(limits.lingeringTime, context) { $0.close(promise: promise) }
    }

    private func close(in time: TimeAmount, _ context: ChannelHandlerContext) {
        schedule(time, context) { [self] in closeWhenSent($0) }
    }

    private func schedule(
        _ time: TimeAmount, _ context: ChannelHandlerContext, _ body: @escaping (ChannelHandlerContext) -> Void
    ) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { body(context) }
    }

    /// Answers a request that no route sees, and closes. Where others wait for answers, these would come in the wrong order.
    private func refuse(_ context: ChannelHandlerContext, _ fault: RequestFault) {
        isRefused = true
        if unanswered == 0 || fault.status == .requestTimeout && isReading && unanswered == 1 {
            let body = (try? [UInt8](json: fault.body)) ?? []
            let head = HTTPResponse(
                status: fault.status,
                headerFields: [
                    .connection: "close", .contentType: "application/json", .contentLength: "\(body.count)",
                ])
            send(.head(head), nil, context)
            send(.body(ByteBuffer(bytes: body)), nil, context)
            send(.end(nil), nil, context)
        }
        closeWhenSent(context)
    }
}

extension RequestFault {
    fileprivate static let late = RequestFault(
        .requestTimeout, "timeout", "the request did not arrive in time", remedy: "send it faster")
}

/// Tells of bytes before they are a part of a request.
private final class ArrivalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let arrived: () -> Void

    init(_ arrived: @escaping () -> Void) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrived()
        context.fireChannelRead(data)
    }
}

/// Keeps what the types of later handlers do not: the version of each request, in which it is answered, and how many hosts it
/// names.
private final class VersionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A field that marks a head for `fault(of:)`. No client can send it: a sent one is removed.
    private static let mark = "x-trawl-hosts"
    private let isLast: () -> Void
    /// Of the requests that are not answered, in their order.
    private var versions: [HTTPVersion] = []

    /// - Parameter isLast: called for a request after whose answer its version of HTTP ends the connection.
    init(isLast: @escaping () -> Void) { self.isLast = isLast }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        versions.append(head.version)
        if !head.isKeepAlive { isLast() }
        head.headers.remove(name: Self.mark)
        let hosts = head.headers["host"].count
        if hosts > 1 || hosts == 0 && head.version == .http1_1 { head.headers.add(name: Self.mark, value: "\(hosts)") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// The encoder does not cut the body into chunks, which HTTP/1.0 does not have, when the head says that version.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where versions.first.map { $0 != .http1_1 } == true:
            head.version = .http1_0
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            if !versions.isEmpty { versions.removeFirst() }
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }

    /// Why a head is refused; nil if it is not.
    static func fault(of head: HTTPRequest) -> RequestFault? {
        guard let name = HTTPField.Name(mark), let hosts = head.headerFields[name] else { return nil }
        return RequestFault(
            .badRequest, "invalid_request",
            hosts == "0" ? "the request names no host" : "the request names \(hosts) hosts",
            remedy: "send one header Host")
    }
}
