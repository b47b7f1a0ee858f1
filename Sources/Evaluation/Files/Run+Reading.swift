import Synchronization
public import TrawlCore

extension Run {
    /// Reads a TREC run: lines of `query Q0 document rank score tag`, which spaces or tabs separate. The rank is ignored.
    /// A JSON object of scores by document by query, as pytrec_eval and ranx have it, is read too, and so are the runs
    /// of MS MARCO: lines of `query document rank` whose ranks count up from 1 within each query.
    ///
    /// A line with exactly as many tabs as it needs is split at these alone, so that ids may hold spaces; other lines
    /// are split at runs of blanks. A first line that names columns is a header. `notes` and `warnings` say what was
    /// decided.
    ///
    /// Ids stay as they are written. `Report` takes `a%20b` for the document `a b`, as `trecText` writes it.
    ///
    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: an error with file and line for a wrong number of columns, a score that is not a number or a document
    ///   that occurs twice for a query.
    /// - Complexity: O(bytes), on all cores. Memory: the file, uncompressed, and 24 bytes per line.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        if file.firstByte == UInt8(ascii: "{") {
            self.init()
            for (query, documents) in try JSONColumns.read(file, what: "runs", value: "the score") {
                do throws(TrawlError) {
                    try add(query: query, documents.map { Entry(DocumentID($0), $1) })
                } catch {
                    throw error.at(path: file.path)
                }
            }
            notes.append("read as JSON: scores by document by query")
        } else {
            self = try RunReading(file).run()
        }
    }
}

/// Puts together what the parts of a run's file hold.
private struct RunReading {
    let file: ColumnFile
    /// Below this size a second thread costs more than it saves.
    private static let smallestPart = 1 << 18

    private var format = RunChunk.Format.trec
    private var notes: [String] = []
    private var start: Int

    init(_ file: ColumnFile) throws(TrawlError) {
        self.file = file
        start = file.start
        guard let first = file.firstLine else {
            notes.append("the run is empty")
            return
        }
        var fields: [Range<Int>] = []
        let columns = [RunChunk.Format.trec, .ranks].map { format in
            let separator: ColumnFile.Separator =
                file.fieldCounts(first.line).tabs == format.rawValue ? .tabs : .blanks
            file.fields(of: first.line, .init(separator: separator, columns: format.rawValue), into: &fields)
            return fields
        }
        if columns[0].count != 6, columns[1].count == 3 { format = .ranks }
        var texts: [String] = []
        for field in columns[format == .trec ? 0 : 1] { texts.append(try file.text(field, line: first.number)) }
        guard texts.count == format.rawValue else { throw wrongCount(texts.count, first.number) }
        let value = format == .trec ? texts[4] : texts[2]
        let isNumber = Double(value) != nil
        if !isNumber, ColumnNames.isHeader(query: texts[0], document: texts[format == .trec ? 2 : 1], value: value) {
            notes.append("line \(first.number) is read as a header: \(texts.joined(separator: ", "))")
            start = first.line.upperBound
        }
        if format == .ranks { notes.append("3 columns: query, document, rank, as in the runs of MS MARCO") }
    }

    func run() throws(TrawlError) -> Run {
        let (chunks, rows) = chunks()
        if let failure = chunks.lazy.compactMap(\.failure).first { throw try error(failure) }
        let grouped = try group(chunks, rows)
        let check = check(grouped)
        if let repeated = check.firstRepeated { throw try self.error(repeated: repeated, grouped) }
        var run = Run(
            queries: grouped.queries, rows: grouped.rows, ranges: grouped.ranges, names: file.bytes,
            holdsBlanks: chunks.contains { $0.holdsBlanks })
        run.notes = notes
        run.warnings = warnings(chunks, tied: check.tied, of: grouped.ranges.count)
        return run
    }

    /// Reads the file in parts that begin at lines, one for each core, into one array.
    private func chunks() -> ([RunChunk], [Run.Row]) {
        let format = format
        let parts = parts(format == .trec ? Parallel.threads(nil) : 1)
        let results = Mutex([RunChunk?](repeating: nil, count: parts.count))
        let rows = file.bytes.withUnsafeBufferPointer { bytes in
            nonisolated(unsafe) let bytes = bytes
            let counts = Mutex([Int](repeating: 0, count: parts.count))
            Parallel.forEach(parts.count, threads: parts.count) { number in
                let count = RunChunk.lines(bytes, parts[number])
                counts.withLock { $0[number] = count }
            }
            let lines = counts.withLock(\.self)
            let firsts = lines.indices.map { lines[..<$0].reduce(0, +) }
            return [Run.Row](unsafeUninitializedCapacity: lines.reduce(0, +)) { buffer, count in
                UnsafeMutableRawBufferPointer(buffer).preferLargePages()
                nonisolated(unsafe) let buffer = buffer
                Parallel.forEach(parts.count, threads: parts.count) { number in
                    let slice = UnsafeMutableBufferPointer(rebasing: buffer[firsts[number]...].prefix(lines[number]))
                    let chunk = RunChunk(bytes, parts[number], format, into: slice)
                    results.withLock { $0[number] = chunk }
                }
                // Blank lines leave gaps between the parts.
                let read: [Int] = results.withLock { $0.map { $0?.count ?? 0 } }
                for (first, length) in zip(firsts, read) {
                    if count < first, length > 0, let base = buffer.baseAddress {
                        (base + count).moveInitialize(from: base + first, count: length)
                    }
                    count += length
                }
            }
        }
        return (results.withLock { $0.compactMap(\.self) }, rows)
    }

    private func parts(_ threads: Int) -> [Range<Int>] {
        let count = max(1, min(threads, (file.bytes.count - start) / Self.smallestPart))
        var parts: [Range<Int>] = []
        var first = start
        for number in 1...count {
            var end = file.bytes.count
            if number < count {
                let middle = start + (file.bytes.count - start) / count * number
                end = file.bytes[middle...].firstIndex(of: 0x0A).map { $0 + 1 } ?? file.bytes.count
            }
            parts.append(first..<max(first, end))
            first = max(first, end)
        }
        return parts
    }

    private struct Grouped {
        var queries = NameTable()
        var rows: [Run.Row] = []
        var ranges: [Range<Int>] = []
    }

    /// Brings the answers to each query together, in the order of the file.
    private func group(_ chunks: [RunChunk], _ all: [Run.Row]) throws(TrawlError) -> Grouped {
        var grouped = Grouped()
        var parts: [[Range<Int>]] = []
        var isScattered = false
        var offset = 0
        for chunk in chunks {
            for (position, group) in chunk.groups.enumerated() {
                let end = position + 1 < chunk.groups.count ? chunk.groups[position + 1].firstRow : chunk.count
                let rows = offset + group.firstRow..<offset + end
                let query = try query(group.query, in: &grouped.queries)
                if query == parts.count {
                    parts.append([rows])
                } else if let last = parts[query].last, last.upperBound == rows.lowerBound {
                    parts[query][parts[query].count - 1] = last.lowerBound..<rows.upperBound
                } else {
                    parts[query].append(rows)
                    isScattered = true
                }
            }
            offset += chunk.count
        }
        guard isScattered else {
            grouped.rows = all
            grouped.ranges = parts.map { $0[0] }
            return grouped
        }
        grouped.rows.reserveCapacity(all.count)
        for parts in parts {
            let first = grouped.rows.count
            for part in parts { grouped.rows += all[part] }
            grouped.ranges.append(first..<grouped.rows.count)
        }
        return grouped
    }

    private func query(_ field: Range<Int>, in queries: inout NameTable) throws(TrawlError) -> Int {
        let (number, isNew) = file.bytes.withUnsafeBufferPointer { bytes in
            let name = UnsafeBufferPointer(rebasing: bytes[field])
            return queries.insert(name, hash: NameTable.hash(name))
        }
        if isNew, !file.bytes[field].allSatisfy({ $0 < 0x80 }) {
            _ = try file.text(field, line: file.line(at: field.lowerBound))
        }
        return number
    }

    private struct Check {
        /// The row that is the second with its query and document, and comes first in the file.
        var firstRepeated: Int?
        /// The queries whose documents all have the same score.
        var tied = 0
    }

    private func check(_ grouped: Grouped) -> Check {
        let result = Mutex(Check())
        file.bytes.withUnsafeBufferPointer { names in
            grouped.rows.withUnsafeBufferPointer { rows in
                nonisolated(unsafe) let (names, rows) = (names, rows)
                let threads = grouped.rows.count < 10_000 ? 1 : Parallel.threads(nil)
                Parallel.forEach(grouped.ranges.count, threads: threads) { query in
                    let range = grouped.ranges[query]
                    let repeated = Self.firstRepeated(rows, range, names)
                    let isTied = range.count > 1 && rows[range].allSatisfy { $0.score == rows[range.lowerBound].score }
                    guard repeated != nil || isTied else { return }
                    result.withLock { check in
                        if isTied { check.tied += 1 }
                        if let repeated {
                            let isFirst = check.firstRepeated.map { rows[repeated].start < rows[$0].start } ?? true
                            if isFirst { check.firstRepeated = repeated }
                        }
                    }
                }
            }
        }
        return result.withLock(\.self)
    }

    private static func firstRepeated(
        _ rows: UnsafeBufferPointer<Run.Row>, _ range: Range<Int>, _ names: UnsafeBufferPointer<UInt8>
    ) -> Int? {
        var capacity = 16
        while capacity < 2 * range.count { capacity *= 2 }
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: capacity) { slots in
            slots.initialize(repeating: 0)
            for position in range {
                let row = rows[position]
                var slot = Int(row.hash) & (capacity - 1)
                while slots[slot] != 0 {
                    let other = rows[range.lowerBound + Int(slots[slot]) - 1]
                    if other.hash == row.hash, other.name(in: names).hasSameBytes(as: row.name(in: names)) {
                        return position
                    }
                    slot = (slot + 1) & (capacity - 1)
                }
                slots[slot] = UInt32(position - range.lowerBound + 1)
            }
            return nil
        }
    }
}

// MARK: - Messages

extension RunReading {
    private func wrongCount(_ count: Int, _ line: Int) -> TrawlError {
        file.error(
            "the line has \(count) columns, a TREC run has 6 (query Q0 document rank score tag)", line: line,
            remedy: "separate them by spaces or tabs")
    }

    private func error(_ failure: RunChunk.Failure) throws(TrawlError) -> TrawlError {
        let line = file.line(at: failure.position)
        switch failure.reason {
        case .columns(let count) where format == .trec: return wrongCount(count, line)
        case .columns(let count):
            return file.error(
                "the line has \(count) columns, the run has 3 (query, document, rank)", line: line,
                remedy: "separate them by spaces or tabs")
        case .score(let field):
            return file.error("the score '\(try file.text(field, line: line))' is not a number", line: line)
        case .rank:
            return file.error(
                "a run of 3 columns must have ranks in the third, from 1 in each query: scores cannot be told from ranks",
                line: line, remedy: "write a TREC run: query Q0 document rank score tag")
        case .encoding: return file.error("the line is not valid UTF-8", line: line)
        }
    }

    private func error(repeated position: Int, _ grouped: Grouped) throws(TrawlError) -> TrawlError {
        let row = grouped.rows[position]
        let line = file.line(at: row.start)
        let document = try file.text(row.start..<row.start + Int(row.length), line: line)
        let query = grouped.ranges.firstIndex { $0.contains(position) }.map(grouped.queries.name) ?? ""
        return file.error(
            "document \(document) occurs twice for query \(query)", line: line, remedy: "keep one of the lines")
    }

    private func warnings(_ chunks: [RunChunk], tied: Int, of queries: Int) -> [String] {
        var warnings: [String] = []
        let infinite = chunks.reduce(0) { $0 + $1.infiniteScores }
        if infinite > 0 {
            warnings.append("infinite scores, whose documents come first or last, by their ids: \(infinite)")
        }
        if tied > 0 {
            warnings.append(
                "queries whose documents all have the same score, so that ids decide: \(tied) of \(queries)")
        }
        let disordered = chunks.reduce(0) { $0 + $1.disorderedGroups }
        if disordered > 0 {
            warnings.append(
                "queries in which a worse rank has a higher score: \(min(disordered, queries)) of \(queries); scores "
                    + "decide, as in trec_eval")
        }
        return warnings
    }
}
