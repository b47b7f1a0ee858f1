internal import TrawlCore
internal import TrawlTensors

extension Tape {
    /// The sum of each token's vectors over all tables, `[tokens, columns]`.
    ///
    /// - Parameter tables: Tables of equally many columns, each with the row that each token takes from it; at least one.
    public func embedding(_ tables: [(table: Parameter, rows: [Int])]) -> Variable {
        guard let first = tables.first else { preconditionFailure("an embedding has a table") }
        let (count, columns) = (first.rows.count, first.table.columns)
        precondition(
            tables.allSatisfy { table, rows in
                rows.count == count && table.columns == columns && rows.allSatisfy { $0 >= 0 && $0 < table.rows }
            }, "a row that the table does not have")
        let y = makeVariable(count, columns, needsGradient: tables.contains { $0.table.isTrained })
        parallel(count, by: 64) { part in
            for token in part {
                let row = y.value + token * columns
                row.update(from: first.table.value + first.rows[token] * columns, count: columns)
                for (table, rows) in tables.dropFirst() {
                    Kernels.add(table.value + rows[token] * columns, to: row, columns)
                }
            }
        }
        guard let dy = y.gradient else { return y }
        record {
            for (table, rows) in tables {
                guard let gradient = table.gradient else { continue }
                for token in 0..<count {
                    Kernels.add(dy + token * columns, to: gradient + rows[token] * columns, columns)
                }
            }
        }
        return y
    }
}
