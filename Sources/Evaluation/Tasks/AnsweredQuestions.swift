public import TrawlCore

/// Questions with the texts that answer them.
public struct AnsweredQuestions: Sendable {
    public struct Question: Sendable {
        public let id: String
        public let text: String
        /// Any of them is right; not empty.
        public let answers: [String]
    }

    public private(set) var questions: [Question] = []
    /// Questions without an answer, which are left out.
    public private(set) var withoutAnswers = 0

    /// Reads questions in one of these layouts:
    /// - JSON lines or a JSON array with `question` (or `text`, `query`) and `answers` (or `answer`), a text or a list.
    ///   `_id`, `id` or `qid` is the id; without one it is the number of the line, or in an array the position from 0.
    /// - DPR's TSV: the question, a tab, the answers as a list of Python. Ids are positions from 0, as in Pyserini.
    ///
    /// - Throws: `TrawlError` with file and line; `invalidInput` when no question has an answer.
    public init(path: String) throws(TrawlError) {
        let (name, bytes) = try TaskFile.read(path)
        switch TaskFile.firstSign(bytes) {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try readJSON(try TaskFile(bytes: bytes, path: name, Self.columns))
        default: try readTSV(bytes, name)
        }
        guard !questions.isEmpty else {
            throw TrawlError(
                .invalidInput, "no question has an answer", path: name,
                remedy: "write JSON lines with question and answers, or the question, a tab and ['an answer']")
        }
    }

    /// The first `count` of them.
    public func first(_ count: Int) -> AnsweredQuestions {
        var copy = self
        copy.questions = Array(questions.prefix(count))
        return copy
    }

    private static let columns = [
        TaskColumn("question", "text", "query"), TaskColumn("answers", "answer", "short_answers"),
        TaskColumn("_id", "id", "qid", isRequired: false),
    ]

    private mutating func readJSON(_ file: TaskFile) throws(TrawlError) {
        var ids: Set<String> = []
        for row in file.rows {
            let id = row.values[2].flatMap(TaskFile.label) ?? String(row.line ?? row.number)
            guard ids.insert(id).inserted else { throw file.error("the id \(id) occurs twice", row) }
            let answers = try file.labels(row, 1)
            if let blank = answers.first(where: { trimmed($0).isEmpty }) {
                throw file.error(
                    "question \(id) has the blank answer '\(blank)'", row, remedy: "remove it: every text has it")
            }
            add(id, try file.text(row, 0), answers)
        }
    }

    private mutating func readTSV(_ bytes: [UInt8], _ path: String) throws(TrawlError) {
        for (number, range) in TaskFile.lines(bytes) {
            func invalid(_ message: String) -> TrawlError {
                TrawlError(
                    .invalidInput, message, path: path, line: number,
                    remedy: "write the question, a tab and the answers as ['one', 'another']")
            }
            guard let line = String(validating: bytes[range], as: UTF8.self) else {
                throw invalid("the line is not valid UTF-8")
            }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map { Self.unquoted(String($0)) }
            guard fields.count >= 2, let answers = PythonLiteral.strings(fields[1]) else {
                throw invalid("the line is not a question and a list of answers")
            }
            guard !answers.contains(where: { trimmed($0).isEmpty }) else { throw invalid("an answer is blank") }
            add(String(questions.count + withoutAnswers), fields[0], answers)
        }
    }

    private mutating func add(_ id: String, _ text: String, _ answers: [String]) {
        if answers.isEmpty {
            withoutAnswers += 1
        } else {
            questions.append(Question(id: id, text: text, answers: answers))
        }
    }

    /// A field as Python's csv module reads it: in quotes, with quotes doubled.
    private static func unquoted(_ field: String) -> String {
        guard field.count > 1, field.hasPrefix("\""), field.hasSuffix("\"") else { return field }
        return String(field.dropFirst().dropLast()).replacing("\"\"", with: "\"")
    }
}
