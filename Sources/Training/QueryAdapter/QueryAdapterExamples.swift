import TrawlCore
public import TrawlTensors

/// Judged queries and the passages that answer them, by their vectors, all of length 1.
public struct QueryAdapterExamples: Sendable {
    /// `[queries, dimension]`
    public let queries: Matrix<Float>
    /// The passages that answer some query: `[passages, dimension]`.
    public let passages: Matrix<Float>
    /// For each query the rows of the passages that answer it, with their grades.
    public let answers: [[(passage: Int, grade: Float)]]

    /// - Throws: `TrawlError.invalidInput` for sizes that do not fit, a row that is not there, a grade that is not above 0, or
    ///   a value that is not finite.
    public init(
        queries: Matrix<Float>, passages: Matrix<Float>, answers: [[(passage: Int, grade: Float)]]
    ) throws {
        guard queries.columns == passages.columns, answers.count == queries.rows else {
            throw TrawlError(
                .invalidInput,
                "\(queries.rows) queries of \(queries.columns) dimensions with \(answers.count) lists of answers do not "
                    + "fit passages of \(passages.columns) dimensions")
        }
        for entry in answers.joined() where !(0..<passages.rows ~= entry.passage) || !(entry.grade > 0) {
            throw TrawlError(
                .invalidInput, "an answer names passage \(entry.passage) of \(passages.rows) with grade \(entry.grade)")
        }
        guard queries.values.allSatisfy(\.isFinite), passages.values.allSatisfy(\.isFinite) else {
            throw TrawlError(.invalidInput, "a vector has a value that is not finite")
        }
        (self.queries, self.passages, self.answers) = (queries, passages, answers)
    }

    /// The examples of some of the queries, with the passages that answer them.
    public func chosen(_ rows: [Int]) throws -> QueryAdapterExamples {
        let kept = Set(rows.flatMap { answers[$0].map(\.passage) }).sorted()
        let positions = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        return try QueryAdapterExamples(
            queries: queries.rows(rows), passages: passages.rows(kept),
            answers: rows.map { row in answers[row].map { (positions[$0.passage] ?? 0, $0.grade) } })
    }
}

extension Matrix where Scalar == Float {
    /// Some of the rows, in this order.
    func rows(_ rows: [Int]) throws -> Matrix {
        var values: [Float] = []
        values.reserveCapacity(rows.count * columns)
        for row in rows { values += self.row(row) }
        return try Matrix(rows: rows.count, columns: columns, values: values)
    }
}
