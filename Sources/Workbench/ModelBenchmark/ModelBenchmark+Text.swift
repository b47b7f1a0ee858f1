import Foundation
import TrawlTensors

extension ModelBenchmark {
    /// A table for people.
    ///
    /// - Parameter name: that of the model.
    public func text(named name: String) -> String {
        let threadCount = "\(threads) thread\(threads == 1 ? "" : "s")"
        var lines = ["\(name), \(threadCount), median of \(runs)"]
        func add(_ name: String, _ cells: [String]) {
            let columns = cells.map { String(repeating: " ", count: max(1, 26 - $0.count)) + $0 }
            lines.append("  " + name.padding(toLength: 24, withPad: " ", startingAt: 0) + columns.joined())
        }
        add("", roofs.map { "\($0.precision.rawValue), share of peak" } + ["faster"])
        for task in tasks {
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
        add("peak", roofs.map { String(format: "%.0f Gop/s 100%%", $0.peak / 1e9) })
        add("memory at most", roofs.map { String(format: "%.0f MB     ", Double($0.peakMemory) / 1e6) })
        for loss in losses { lines.append("  int8: \(loss.name) " + String(format: "%.5f", loss.value)) }
        return lines.joined(separator: "\n")
    }
}
