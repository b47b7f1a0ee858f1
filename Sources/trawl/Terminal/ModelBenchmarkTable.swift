import Foundation
import TrawlModelBenchmark
import TrawlTensors

/// A `ModelBenchmark` for people.
struct ModelBenchmarkTable {
    let text: String

    init(_ model: String, _ benchmark: ModelBenchmark) {
        let threads = "\(benchmark.threads) thread\(benchmark.threads == 1 ? "" : "s")"
        var lines = ["\(model), \(threads), median of \(benchmark.runs)"]
        func add(_ name: String, _ cells: [String]) {
            let columns = cells.map { String(repeating: " ", count: max(1, 26 - $0.count)) + $0 }
            lines.append("  " + name.padding(toLength: 24, withPad: " ", startingAt: 0) + columns.joined())
        }
        add("", benchmark.roofs.map { "\($0.precision.rawValue), share of peak" } + ["faster"])
        for task in benchmark.tasks {
            let cells = task.speeds.map { speed in
                let value =
                    task.isLatency
                    ? String(format: "%.2f ms", 1000 * speed.seconds)
                    : String(format: "%.0f tokens/s", speed.tokensPerSecond)
                return value + String(format: " %4.0f%%", 100 * speed.shareOfPeak)
            }
            let ratio = task.speeds.count == 2 ? task.speeds[0].seconds / task.speeds[1].seconds : 1
            add(task.name, cells + [String(format: "%.2fx", ratio)])
        }
        add("peak", benchmark.roofs.map { String(format: "%.0f Gop/s 100%%", $0.peak / 1e9) })
        add("memory at most", benchmark.roofs.map { String(format: "%.0f MB     ", Double($0.peakMemory) / 1e6) })
        for loss in benchmark.losses { lines.append("  int8: \(loss.name) " + String(format: "%.5f", loss.value)) }
        text = lines.joined(separator: "\n")
    }
}
