import CoreMetrics
import Synchronization

/// What a server counts of its own work.
final class ServerMetrics: Sendable {
    let registry = PrometheusRegistry(help: [
        "trawl_requests_total": "Requests answered, by route, method and status.",
        "trawl_request_seconds": "Time from the head of a request to its answer.",
        "trawl_batch_requests": "Requests that were computed together, by kind.",
        "trawl_dropped_requests_total":
            "Requests that were not computed, as their client had gone or they waited too long.",
        "trawl_queue_requests": "Requests that wait for computation.",
        "trawl_connections": "Open connections.",
    ])

    private let queued = Mutex(0)

    func answered(route: String, method: String, status: Int, seconds: Double) {
        Counter(
            label: "trawl_requests_total",
            dimensions: [("route", route), ("method", method), ("status", "\(status)")], factory: registry
        ).increment()
        Timer(label: "trawl_request_seconds", dimensions: [("route", route)], factory: registry)
            .recordSeconds(seconds)
    }

    func batch(_ kind: String, answered: Int, dropped: Int) {
        if answered > 0 {
            Recorder(
                label: "trawl_batch_requests", dimensions: [("kind", kind)], aggregate: true, factory: registry
            ).record(answered)
        }
        if dropped > 0 {
            Counter(label: "trawl_dropped_requests_total", dimensions: [("kind", kind)], factory: registry)
                .increment(by: dropped)
        }
    }

    /// Counts requests that begin to wait, in any queue, or wait no more.
    func changeQueue(by change: Int) {
        queued.withLock { queued in
            queued += change
            Gauge(label: "trawl_queue_requests", factory: registry).record(queued)
        }
    }

    func setConnections(_ count: Int) { Gauge(label: "trawl_connections", factory: registry).record(count) }
}
