import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import TrawlCore

/// Watches one connection: closes it when a request does not arrive in time or none comes, notes when its client goes, asks
/// clients that wait for permission to send a body to go on, and refuses heads that HTTP/1.1 forbids.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        let requestTime: TimeAmount
        let idleTime: TimeAmount
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
        let heads = HeadHandler { [weak self] in self?.isLast = true }
        try? pipeline.addHandler(arrivals, position: .first)
        if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
            try? pipeline.addHandler(heads, position: .before(codec))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        registry.closed(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
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
            if let fault = HeadHandler.fault(of: head) { return refuse(context, fault) }
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
        case .head(var head) where isLast && head.status.kind != .informational:
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            unanswered -= 1
            guard unanswered == 0 else { return context.write(data, promise: promise) }
            if isLast {
                context.writeAndFlush(data, promise: promise)
                context.close(promise: nil)
            } else {
                if !isReading { close(in: limits.idleTime, context) }
                context.write(data, promise: promise)
            }
        default: context.write(data, promise: promise)
        }
    }

    private func close(in time: TimeAmount, _ context: ChannelHandlerContext) {
        schedule(time, context) { $0.close(promise: nil) }
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
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
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

/// Reads of heads what the types of later handlers do not keep: the version, and how many hosts they name.
private final class HeadHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// A field that marks a head for `fault(of:)`. No client can send it: a sent one is removed.
    private static let mark = "x-trawl-hosts"
    private let isLast: () -> Void

    /// - Parameter isLast: called for a request after whose answer its version of HTTP ends the connection.
    init(isLast: @escaping () -> Void) { self.isLast = isLast }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if !head.isKeepAlive { isLast() }
        head.headers.remove(name: Self.mark)
        let hosts = head.headers["host"].count
        if hosts > 1 || hosts == 0 && head.version == .http1_1 { head.headers.add(name: Self.mark, value: "\(hosts)") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
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
