public import TrawlCore

extension Qrels {
    /// Reads TREC qrels (`query iteration document grade`), BEIR qrels (`query-id corpus-id score`, also without the
    /// header) or a JSON object of such grades by document by query, as pytrec_eval and ranx have them.
    ///
    /// The whole file decides. Tabs separate the columns when every line has 3, or every line has 4 of them; otherwise
    /// blanks do. Ids may then hold blanks. A first line whose grade is not a number is a header when it names columns,
    /// or when neither its query nor its document occurs again. `notes` and `warnings` say what was decided.
    ///
    /// Grades are whole numbers; `1.0` is taken for 1. The same judgement twice counts once.
    ///
    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: an error with file and line for a wrong number of columns, a grade that is not a whole number or two
    ///   grades of one document.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        self.init()
        if file.firstByte == UInt8(ascii: "{") {
            try read(json: file)
        } else {
            var reading = QrelsReading(file: file)
            self = try reading.qrels()
        }
        if queries.isEmpty { throw TrawlError(.invalidInput, "the file holds no judgements", path: file.path) }
    }

    private mutating func read(json file: ColumnFile) throws(TrawlError) {
        for (query, documents) in try JSONColumns.read(file, what: "qrels", value: "the grade") {
            let number = number(of: query)
            for (document, grade) in documents {
                guard let whole = Int(exactly: grade) else {
                    throw TrawlError(
                        .invalidInput,
                        "the grade \(grade) of document \(document) for query \(query) is not a whole number",
                        path: file.path, remedy: QrelsReading.wholeNumbers)
                }
                var name = document
                _ = name.withUTF8 { judge(number, $0, whole) }
            }
        }
        notes.append("read as JSON: grades by document by query")
    }
}

/// The judgements of a file of columns.
private struct QrelsReading {
    let file: ColumnFile
    private var repeated = 0
    private var fractions = 0
    private var iteration: Range<Int>?
    private var iterationsDiffer = false
    /// The query of the last line, which most often is that of the next line too.
    private var last: (query: Range<Int>, number: Int)?

    static let wholeNumbers = "measures take whole numbers: multiply the grades, or round them"

    init(file: ColumnFile) { self.file = file }

    mutating func qrels() throws(TrawlError) -> Qrels {
        guard let first = file.firstLine else {
            throw TrawlError(.invalidInput, "the file holds no judgements", path: file.path)
        }
        let choice = file.choose(among: [
            .init(separator: .tabs, columns: 3), .init(separator: .tabs, columns: 4),
            .init(separator: .blanks, columns: 3), .init(separator: .blanks, columns: 4),
        ])
        guard let layout = choice.best else {
            throw file.error(
                "the line has \(file.fieldCounts(first.line).blanks) columns, TREC qrels have 4 and BEIR qrels have 3",
                line: first.number,
                remedy: "write: query 0 document grade, or: query document grade; separated by spaces or tabs")
        }
        var qrels = Qrels()
        if layout.separator == .tabs, choice.rivals.contains(.init(separator: .blanks, columns: 4)) {
            qrels.warnings.append(
                "the columns could be read in two ways: 3 separated by tabs, with blanks in ids, or 4 separated by "
                    + "blanks; tabs were taken")
        }
        var header: (number: Int, fields: [String])?
        var fields: [Range<Int>] = []
        try file.forEachLine { number, line throws(TrawlError) in
            file.fields(of: line, layout, into: &fields)
            guard fields.count == layout.columns else {
                throw file.error(
                    "the line has \(fields.count) columns, these qrels have \(layout.columns)", line: number,
                    remedy: layout.separator == .tabs
                        ? "separate them by tabs, as in other lines" : "separate them by spaces or tabs")
            }
            guard let grade = try grade(fields[layout.columns - 1], line: number) else {
                guard number == first.number else { throw try wrongGrade(fields[layout.columns - 1], number) }
                var texts: [String] = []
                for field in fields { texts.append(try file.text(field, line: number)) }
                header = (number, texts)
                return
            }
            try add(fields, grade, to: &qrels, line: number)
        }
        if let header { try check(header, &qrels) }
        describe(layout, &qrels)
        return qrels
    }

    private mutating func add(
        _ fields: [Range<Int>], _ grade: Int, to qrels: inout Qrels, line: Int
    ) throws(TrawlError) {
        let document = fields[fields.count - 2]
        if !file.bytes[document].allSatisfy({ $0 < 0x80 }) { _ = try file.text(document, line: line) }
        let number = try number(of: fields[0], in: &qrels, line: line)
        let before = file.bytes.withUnsafeBufferPointer { qrels.judge(number, .init(rebasing: $0[document]), grade) }
        if fields.count == 4, !iterationsDiffer {
            let first = iteration ?? fields[1]
            iteration = first
            iterationsDiffer = !haveSameBytes(first, fields[1])
        }
        guard let before else { return }
        guard before == grade else {
            let names = (try file.text(fields[0], line: line), try file.text(document, line: line))
            var error = Qrels.contradiction(names.0, names.1, before, grade).at(path: file.path, line: line)
            if iterationsDiffer {
                error.remedy = "keep one of the judgements; judgements by subtopic (diversity qrels) are not supported"
            }
            throw error
        }
        repeated += 1
    }

    private mutating func number(
        of query: Range<Int>, in qrels: inout Qrels, line: Int
    ) throws(TrawlError) -> Int {
        if let last, haveSameBytes(last.query, query) { return last.number }
        let number = qrels.number(of: try file.text(query, line: line))
        last = (query, number)
        return number
    }

    private func haveSameBytes(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        file.bytes.withUnsafeBufferPointer { bytes in
            UnsafeBufferPointer(rebasing: bytes[a]).hasSameBytes(as: UnsafeBufferPointer(rebasing: bytes[b]))
        }
    }

    /// Nil for what is not a number.
    private mutating func grade(_ field: Range<Int>, line: Int) throws(TrawlError) -> Int? {
        let (whole, number) = file.bytes.withUnsafeBufferPointer { bytes in
            let text = UnsafeBufferPointer(rebasing: bytes[field])
            let whole = NumberReader.whole(text)
            return (whole, whole == nil ? NumberReader.double(text) : nil)
        }
        if let whole { return whole }
        guard let number else { return nil }
        guard let whole = Int(exactly: number) else { throw try wrongGrade(field, line) }
        fractions += 1
        return whole
    }

    private func wrongGrade(_ field: Range<Int>, _ line: Int) throws(TrawlError) -> TrawlError {
        file.error(
            "the grade '\(try file.text(field, line: line))' is not a whole number", line: line,
            remedy: Self.wholeNumbers)
    }

    /// The first line has no grade: is it a header, or a judgement with a mistake?
    private func check(_ header: (number: Int, fields: [String]), _ qrels: inout Qrels) throws(TrawlError) {
        let fields = header.fields
        let isNamed = ColumnNames.isHeader(
            query: fields[0], document: fields[fields.count - 2], value: fields.last ?? "")
        let isUsed =
            qrels.contains(fields[0])
            || qrels.byQuery.contains { $0.documents.number(of: fields[fields.count - 2]) != nil }
        guard isNamed || !isUsed && !qrels.queries.isEmpty else {
            throw file.error(
                "the grade '\(fields.last ?? "")' is not a whole number", line: header.number,
                remedy: "give the document a grade, or a header the names query-id, corpus-id and score")
        }
        let note = "line \(header.number) is read as a header: \(fields.joined(separator: ", "))"
        if isNamed { qrels.notes.append(note) } else { qrels.warnings.append(note) }
    }

    private func describe(_ layout: ColumnFile.Layout, _ qrels: inout Qrels) {
        let separator = layout.separator == .tabs ? "tabs" : "blanks"
        qrels.notes.append(
            layout.columns == 3
                ? "3 columns separated by \(separator): query, document, grade"
                : "4 columns separated by \(separator): query, iteration (ignored), document, grade")
        if iterationsDiffer {
            qrels.warnings.append(
                "the second of the 4 columns, which is ignored, has different values; in diversity qrels these are "
                    + "subtopics")
        }
        if fractions > 0 { qrels.notes.append("grades written as decimal fractions, all of them whole: \(fractions)") }
        if repeated > 0 { qrels.warnings.append("judgements that occur more than once and count once: \(repeated)") }
    }
}

/// What the columns of qrels and runs are called in headers.
enum ColumnNames {
    private static let queries: Set = [
        "query-id", "query_id", "queryid", "query", "qid", "q_id", "topic", "topic_id", "topicid",
    ]
    private static let documents: Set = [
        "corpus-id", "corpus_id", "doc-id", "doc_id", "docid", "docno", "doc", "document", "document_id", "did", "pid",
        "passage_id", "passage-id",
    ]
    private static let values: Set = [
        "score", "grade", "rel", "relevance", "label", "judgment", "judgement", "rank", "sim", "similarity", "qrel",
    ]

    static func isHeader(query: String, document: String, value: String) -> Bool {
        values.contains(value.lowercased())
            || queries.contains(query.lowercased()) && documents.contains(document.lowercased())
    }
}
