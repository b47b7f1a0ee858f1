import Foundation

extension Report {
    /// A Markdown table with one row for every system: its quality, and what that cost where it was measured.
    public static func markdown(_ systems: [(name: String, report: Report, cost: RunRecord.Cost?)]) -> String {
        guard let measures = systems.first?.report.measures else { return "" }
        let isTimed = systems.contains { $0.cost?.medianMilliseconds != nil }
        let hasCost = systems.contains { $0.cost != nil }
        let header =
            ["system"] + measures.map(\.description)
            + (hasCost ? ["queries/s"] + (isTimed ? ["ms/query", "95% ms"] : []) + ["memory MB", "index MB"] : [])
        return table(
            header: header,
            systems.map { system in
                let cost = system.cost
                let rate = cost.map { $0.seconds > 0 ? short(Double($0.queries) / $0.seconds) : "" } ?? ""
                let times = [cost?.medianMilliseconds, cost?.percentile95Milliseconds].map { $0.map(short) ?? "" }
                let sizes = [cost?.peakMemory, cost?.indexBytes].map { $0.map { short(Double($0) / 1e6) } ?? "" }
                return [system.name] + measures.map { system.report[$0].map(fixed) ?? "" }
                    + (hasCost ? [rate] + (isTimed ? times : []) + sizes : [])
            })
    }

    /// As `json(perQuery:)`, with the key `cost` where it was measured.
    public func json(perQuery detailed: Bool, cost: RunRecord.Cost?) throws -> String {
        let scores = json(perQuery: detailed)
        guard let cost else { return scores }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let costs = String(decoding: try encoder.encode(cost), as: UTF8.self)
        return scores.dropLast() + ", \"cost\": \(costs)}"
    }

    /// Three digits.
    private static func short(_ value: Double) -> String {
        String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
    }
}
