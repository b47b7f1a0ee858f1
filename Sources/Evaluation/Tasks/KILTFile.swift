public import TrawlCore

/// A file of KILT (Petroni et al. 2021, arXiv 2009.02252): questions with their answers and the evidence of each. Gold files
/// and predictions have the same layout.
///
/// ```
/// {"id": "1", "input": "Who sings?", "output": [{"answer": "Ann", "provenance": [{"wikipedia_id": "12", "title": "Ann"}]}]}
/// ```
public struct KILTFile: Sendable {
    public struct Output: Sendable {
        public let answer: String?
        /// What the evidence is called, once each, in order; nil where the output gives none.
        public let provenance: [String]?
        /// As `provenance`, of evidence that lacks a part of its name too: KILT's ranks count it, its R-precision does not.
        let looseProvenance: Set<String>
    }

    public struct Record: Sendable {
        public let id: String
        /// What is asked; nil in predictions that leave it out.
        public let input: String?
        public let outputs: [Output]
        let line: Int?
    }

    public let path: String
    public let records: [Record]

    /// - Parameter keys: The fields of a provenance whose values, joined by `+`, name it; pages by default.
    /// - Throws: `TrawlError` with file and line for what has not this layout, and for an id that occurs twice.
    public init(path: String, keys: [String] = ["wikipedia_id"]) throws(TrawlError) {
        let file = try TaskFile(
            path: path, [TaskColumn("id"), TaskColumn("input", isRequired: false), TaskColumn("output")])
        self.path = file.path
        var records: [Record] = []
        var ids: Set<String> = []
        for row in file.rows {
            let id = trimmed(try file.labels(row, 0).first ?? "")
            guard !id.isEmpty else { throw file.error("the id is empty", row) }
            guard ids.insert(id).inserted else { throw file.error("the id \(id) occurs twice", row) }
            guard let list = row.values[2]?.array else {
                throw file.error("the field 'output' is not a list", row, remedy: Self.layout)
            }
            var outputs: [Output] = []
            for value in list { outputs.append(try Self.output(value, keys, row, file)) }
            records.append(Record(id: id, input: row.values[1]?.string, outputs: outputs, line: row.line))
        }
        self.records = records
    }

    /// Words and sentences of an answer: ROUGE-L takes time and memory of the product of those of two answers.
    private static let mostWords = 10_000

    private static let layout =
        #"write {"id": …, "input": …, "output": [{"answer": …, "provenance": [{"wikipedia_id": …}]}]}"#

    private static func output(
        _ value: JSON, _ keys: [String], _ row: TaskFile.Row, _ file: TaskFile
    ) throws(TrawlError) -> Output {
        guard value.members != nil else { throw file.error("an output is not an object", row, remedy: layout) }
        let answer = value["answer"].flatMap(TaskFile.label)
        if value["answer"] != nil, answer == nil { throw file.error("an answer is not a text", row, remedy: layout) }
        let words = answer.map { wordsBetweenSpaces($0).count + $0.utf8.count { $0 == UInt8(ascii: ".") } } ?? 0
        guard words <= mostWords else {
            throw file.error(
                "an answer has \(words) words and full stops", row,
                remedy: "scoring takes answers of at most \(mostWords)")
        }
        guard let provenance = value["provenance"] else {
            return Output(answer: answer, provenance: nil, looseProvenance: [])
        }
        guard let evidence = provenance.array, !evidence.contains(where: { $0.members == nil }) else {
            throw file.error("a provenance is not a list of objects", row, remedy: layout)
        }
        var (names, whole, loose): ([String], Set<String>, Set<String>) = ([], [], [])
        for piece in evidence {
            let parts = keys.compactMap { key in piece[key].flatMap(TaskFile.label).map(trimmed) }
            let name = parts.joined(separator: "+")
            loose.insert(name)
            if parts.count == keys.count, whole.insert(name).inserted { names.append(name) }
        }
        return Output(answer: answer, provenance: names, looseProvenance: loose)
    }
}

extension Run {
    /// The name by which the run has `query`: its own, or with its white space percent-encoded; nil if it does not have it.
    public func name(of query: String) -> String? {
        if self[query] != nil { return query }
        let encoded = RunColumn.text(query)
        return self[encoded] == nil ? nil : encoded
    }
}

/// What a system answered: for each id, the ranked evidence and the answer.
public struct KILTPredictions: Sendable {
    /// The evidence by id, best first.
    public private(set) var provenance: [String: [String]] = [:]
    public private(set) var answers: [String: String] = [:]
    /// The ids, in order.
    public private(set) var ids: [String] = []

    /// - Throws: `TrawlError.invalidInput` for a record with several answers, or several lists of evidence.
    public init(_ file: KILTFile) throws(TrawlError) {
        for record in file.records {
            let lists = record.outputs.compactMap(\.provenance)
            let answers = record.outputs.compactMap(\.answer)
            guard lists.count <= 1, answers.count <= 1 else {
                throw TrawlError(
                    .invalidInput,
                    "the prediction has \(lists.count > 1 ? "\(lists.count) provenances" : "\(answers.count) answers")",
                    path: file.path, line: record.line, remedy: "predict one of each")
            }
            ids.append(record.id)
            provenance[record.id] = lists.first ?? []
            self.answers[record.id] = answers.first
        }
    }

    /// The documents of a run as evidence.
    public init(_ run: Run) {
        ids = run.queries
        for query in run.queries {
            var seen: Set<String> = []
            provenance[query] = run.ranked(query).map { trimmed($0.document.rawValue) }.filter {
                seen.insert($0).inserted
            }
        }
    }
}
