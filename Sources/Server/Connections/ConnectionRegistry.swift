import NIOCore
import Synchronization

/// The connections that are open, and which of them their clients have closed.
final class ConnectionRegistry: Sendable {
    private struct Connections {
        /// Whether the client has gone, by connection.
        var gone: [ObjectIdentifier: Bool] = [:]
    }

    private let connections = Mutex(Connections())
    private let metrics: ServerMetrics

    init(metrics: ServerMetrics) { self.metrics = metrics }

    func opened(_ channel: any Channel) { change { $0.gone[ObjectIdentifier(channel)] = false } }

    /// The client sends nothing more. It may still read, but few do: most have gone.
    func abandoned(_ channel: any Channel) { change { $0.gone[ObjectIdentifier(channel)]? = true } }

    func closed(_ channel: any Channel) { change { $0.gone[ObjectIdentifier(channel)] = nil } }

    func isAbandoned(_ id: ObjectIdentifier) -> Bool {
        connections.withLock { $0.gone[id] } ?? true
    }

    private func change(_ body: (inout Connections) -> Void) {
        let count = connections.withLock { connections in
            body(&connections)
            return connections.gone.count
        }
        metrics.setConnections(count)
    }
}
