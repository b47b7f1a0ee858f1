import Foundation

extension Report {
    /// A Markdown table with one row for every system: its quality, and what that cost where it was measured.
    public static func markdown(_ systems: [(name: String, report: Report, cost: RunRecord.Cost?)]) -> String {
        guard let measures = systems.first?.report.measures else { return "" }
        let columns = CostColumns(systems.map(\.cost))
        return table(
            header: ["system"] + measures.map(\.description) + columns.header,
            systems.map { system in
                [system.name] + measures.map { system.report[$0].map(fixed) ?? "" } + columns.cells(system.cost)
            })
    }

    /// A Markdown table of costs; empty where none was measured.
    static func costs(_ systems: [(name: String, cost: RunRecord.Cost?)]) -> String {
        let columns = CostColumns(systems.map(\.cost))
        guard !columns.header.isEmpty else { return "" }
        return table(header: ["system"] + columns.header, systems.map { [$0.name] + columns.cells($0.cost) })
    }

    /// As `json(perQuery:)`, with the key `cost` where it was measured.
    public func json(perQuery detailed: Bool, cost: RunRecord.Cost?) throws -> String {
        let scores = json(perQuery: detailed)
        guard let cost else { return scores }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        let costs = String(decoding: try encoder.encode(cost), as: UTF8.self)
        return scores.dropLast() + ", \"cost\": \(costs)}"
    }
}

/// The columns of what was measured for any system.
struct CostColumns {
    private let isMeasured: Bool
    private let isTimed: Bool

    init(_ costs: [RunRecord.Cost?]) {
        isMeasured = costs.contains { $0 != nil }
        isTimed = costs.contains { $0?.medianMilliseconds != nil }
    }

    var header: [String] {
        guard isMeasured else { return [] }
        return ["queries/s"] + (isTimed ? ["ms/query", "95% ms"] : []) + ["memory MB", "index MB"]
    }

    func cells(_ cost: RunRecord.Cost?) -> [String] {
        guard isMeasured else { return [] }
        let rate = cost.flatMap { $0.seconds > 0 ? Self.short(Double($0.queries) / $0.seconds) : nil } ?? ""
        let times = [cost?.medianMilliseconds, cost?.percentile95Milliseconds].map { $0.map(Self.short) ?? "" }
        let sizes = [cost?.peakMemory, cost?.indexBytes].map { $0.map { Self.short(Double($0) / 1e6) } ?? "" }
        return [rate] + (isTimed ? times : []) + sizes
    }

    /// Three digits.
    static func short(_ value: Double) -> String {
        String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
    }
}
