import CoreMetrics
import Foundation
import Synchronization

/// Keeps metrics in memory and writes them in the text format that Prometheus reads (version 0.0.4).
final class PrometheusRegistry: MetricsFactory {
    /// A metric and its labels.
    private struct Key: Hashable, Comparable {
        let name: String
        let labels: String

        static func < (a: Key, b: Key) -> Bool { (a.name, a.labels) < (b.name, b.labels) }
    }

    private let values = Mutex<[Key: any PrometheusMetric]>([:])
    /// What each metric is, by name.
    private let help: [String: String]

    init(help: [String: String]) { self.help = help }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        metric(label, dimensions) { PrometheusCounter() }
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { return metric(label, dimensions) { PrometheusHistogram(bounds: PrometheusHistogram.sizes) } }
        return metric(label, dimensions) { PrometheusGauge() }
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        metric(label, dimensions) { PrometheusHistogram(bounds: PrometheusHistogram.seconds) }
    }

    // Metrics live as long as the server.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    private func metric<Metric: PrometheusMetric>(
        _ name: String, _ labels: [(String, String)], _ make: () -> Metric
    ) -> Metric {
        let key = Key(name: name, labels: labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ","))
        return values.withLock { values in
            if let known = values[key] as? Metric { return known }
            let made = make()
            values[key] = made
            return made
        }
    }

    private static func escaped(_ value: String) -> String {
        value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }

    /// All metrics, in the order of their names.
    func text() -> String {
        let entries = values.withLock { Array($0) }.sorted { $0.key < $1.key }
        var lines: [String] = []
        var last = ""
        for (key, metric) in entries {
            if key.name != last {
                lines.append("# HELP \(key.name) \(help[key.name] ?? "")")
                lines.append("# TYPE \(key.name) \(metric.type)")
                last = key.name
            }
            for sample in metric.samples() {
                let labels = [key.labels, sample.label].filter { !$0.isEmpty }.joined(separator: ",")
                lines.append(key.name + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(sample.value)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// One number, or one number of several, of a metric.
private struct PrometheusSample {
    var suffix = ""
    var label = ""
    let value: String
}

private protocol PrometheusMetric: AnyObject, Sendable {
    var type: String { get }
    func samples() -> [PrometheusSample]
}

private final class PrometheusCounter: CounterHandler, PrometheusMetric {
    let type = "counter"
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }
    func samples() -> [PrometheusSample] { [PrometheusSample(value: "\(value.load(ordering: .relaxed))")] }
}

private final class PrometheusGauge: RecorderHandler, PrometheusMetric {
    let type = "gauge"
    private let value = Mutex(0.0)

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { self.value.withLock { $0 = value } }
    func samples() -> [PrometheusSample] { [PrometheusSample(value: "\(value.withLock { $0 })")] }
}

private final class PrometheusHistogram: RecorderHandler, TimerHandler, PrometheusMetric {
    static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    static let sizes: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    let type = "histogram"
    private let bounds: [Double]
    private struct State {
        /// By the first bound that the value does not exceed; the last is for larger ones.
        var counts: [Int]
        var sum = 0.0
    }
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func samples() -> [PrometheusSample] {
        let state = state.withLock { $0 }
        var total = 0
        var samples: [PrometheusSample] = []
        for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], state.counts) {
            total += count
            samples.append(PrometheusSample(suffix: "_bucket", label: "le=\"\(bound)\"", value: "\(total)"))
        }
        samples.append(PrometheusSample(suffix: "_sum", value: "\(state.sum)"))
        samples.append(PrometheusSample(suffix: "_count", value: "\(total)"))
        return samples
    }
}
