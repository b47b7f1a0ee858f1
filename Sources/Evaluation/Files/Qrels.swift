public import TrawlCore

/// Relevance judgements: for every query, the grade of the judged documents. 0 is not relevant; negative grades, which
/// some collections use for pages that could not be judged, count as not judged by all measures but `Judged`, and as
/// pooled but not judged by `infAP`.
public struct Qrels: Sendable {
    /// The queries in the order of their first mention.
    public private(set) var queries: [String] = []
    /// What was decided in reading the file, such as whether its first line is a header.
    public internal(set) var notes: [String] = []
    /// What may be a mistake in the file, such as columns that could be read in two ways.
    public internal(set) var warnings: [String] = []

    private var numbers = NameTable()
    private var judgements: [Judgements] = []

    public init() {}

    /// The judged documents of `query`, nil if it has none.
    ///
    /// - Complexity: O(judgements of the query).
    public subscript(query: String) -> [DocumentID: Int]? {
        numbers.number(of: query).map { judgements[$0].dictionary }
    }

    /// Whether `query` has judgements. O(1).
    public func contains(_ query: String) -> Bool { numbers.number(of: query) != nil }

    /// - Throws: `invalidInput` if the document has another grade for this query already.
    public mutating func judge(query: String, _ document: DocumentID, grade: Int) throws(TrawlError) {
        var name = document.rawValue
        let before = name.withUTF8 { judge(number(of: query), $0, grade) }
        if let before, before != grade { throw Self.contradiction(query, document.rawValue, before, grade) }
    }

    /// The number of a query, which is added if it is not here.
    mutating func number(of query: String) -> Int {
        let (number, isNew) = numbers.insert(query)
        if isNew {
            queries.append(query)
            judgements.append(Judgements())
        }
        return number
    }

    /// - Returns: the grade that the document had for this query before, which stays; nil if it had none.
    mutating func judge(_ query: Int, _ document: UnsafeBufferPointer<UInt8>, _ grade: Int) -> Int? {
        judgements[query].judge(document, grade)
    }

    static func contradiction(_ query: String, _ document: String, _ before: Int, _ grade: Int) -> TrawlError {
        TrawlError(
            .invalidInput, "document \(document) is judged \(before) and \(grade) for query \(query)",
            remedy: "keep one of the judgements")
    }

    /// The judgements by position in `queries`.
    var byQuery: [Judgements] { judgements }
}

extension Qrels: Equatable {
    /// Whether both have the same queries in the same order with the same grades.
    public static func == (a: Qrels, b: Qrels) -> Bool {
        a.queries.elementsEqual(b.queries) { $0.utf8.elementsEqual($1.utf8) }
            && zip(a.judgements, b.judgements).allSatisfy { $0.dictionary == $1.dictionary }
    }
}

extension Qrels {
    /// The judgements of `queries` only, in their order.
    public func restricted(to queries: [String]) throws(TrawlError) -> Qrels {
        var qrels = Qrels()
        for query in queries {
            guard let number = numbers.number(of: query), !qrels.contains(query) else { continue }
            qrels.judgements[qrels.number(of: query)] = judgements[number]
        }
        return qrels
    }
}

/// The judged documents of one query, in the order in which they were judged.
struct Judgements: Sendable {
    private(set) var documents = NameTable()
    /// By the documents' numbers.
    private(set) var grades: [Int] = []
    /// Ids with white space as runs spell them, with the documents' numbers.
    private var encoded: [DocumentID: Int] = [:]

    mutating func judge(_ document: UnsafeBufferPointer<UInt8>, _ grade: Int) -> Int? {
        let (number, isNew) = documents.insert(document, hash: NameTable.hash(document))
        guard isNew else { return grades[number] }
        grades.append(grade)
        if document.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
            let name = documents.name(number)
            if RunColumn.needsEncoding(name) { encoded[DocumentID(RunColumn.text(name))] = number }
        }
        return nil
    }

    var dictionary: [DocumentID: Int] {
        var dictionary = [DocumentID: Int](minimumCapacity: documents.count)
        for (number, grade) in grades.enumerated() { dictionary[DocumentID(documents.name(number))] = grade }
        return dictionary
    }

    /// The number of a document. An id with white space is found in either spelling, its own or that of a run.
    ///
    /// - Parameter mayHoldBlanks: Whether `document` itself may hold white space.
    func number(of document: UnsafeBufferPointer<UInt8>, hash: UInt32, mayHoldBlanks: Bool) -> Int? {
        if let number = documents.number(of: document, hash: hash) { return number }
        guard mayHoldBlanks || !encoded.isEmpty else { return nil }
        let name = String(decoding: document, as: UTF8.self)
        if let number = encoded[DocumentID(name)] { return number }
        return RunColumn.needsEncoding(name) ? documents.number(of: RunColumn.text(name)) : nil
    }
}
