import TrawlCore
import TrawlLexicalIndex

extension OperatorQuery: ByteCodable {
    /// Deeper queries than any that a person or a program writes; it bounds the recursion.
    private static let maximumDepth = 64

    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init()
        leaves = try reader.next()
        if try reader.next(Bool.self) { root = try Self.node(&reader, leaves: leaves.count, depth: 0) }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(leaves, root != nil)
        if let root { Self.write(root, to: &writer) }
    }

    private static func node(
        _ reader: inout ByteReader, leaves: Int, depth: Int
    ) throws(ByteFault) -> Node {
        guard depth < maximumDepth else { throw ByteFault("a query is nested more than \(maximumDepth) times") }
        if try reader.next(Bool.self) {
            let number: Int = try reader.next()
            guard number < leaves else { throw ByteFault("a query has no part \(number)") }
            return .leaf(number)
        }
        let count = try reader.count(of: 2)
        var clauses: [(occurrence: QueryNode.Occurrence, node: Node)] = []
        for _ in 0..<count {
            let code: UInt8 = try reader.next()
            guard let occurrence = occurrences.indices.contains(Int(code)) ? occurrences[Int(code)] : nil else {
                throw ByteFault("a clause is neither required, optional nor excluded")
            }
            clauses.append((occurrence, try node(&reader, leaves: leaves, depth: depth + 1)))
        }
        return .group(clauses)
    }

    private static func write(_ node: Node, to writer: inout ByteWriter) {
        switch node {
        case .leaf(let number):
            writer.append(true, number)
        case .group(let clauses):
            writer.append(false)
            writer.append(count: clauses.count)
            for clause in clauses {
                writer.append(UInt8(occurrences.firstIndex(of: clause.occurrence) ?? 0))
                write(clause.node, to: &writer)
            }
        }
    }

    private static let occurrences: [QueryNode.Occurrence] = [.required, .optional, .excluded]
}

extension OperatorQuery.Leaf: ByteCodable {
    private static let fields: [QueryField?] = [nil, .title, .text]

    init(from reader: inout ByteReader) throws(ByteFault) {
        let name: String = try reader.next()
        let field: UInt8 = try reader.next()
        guard Int(field) < Self.fields.count else { throw ByteFault("there is no field \(field)") }
        let terms: [OperatorQuery.Term] = try reader.next()
        var phrase: [(term: Int, offset: Int)] = []
        for _ in 0..<(try reader.count(of: 2)) { phrase.append((try reader.next(), try reader.next())) }
        guard phrase.allSatisfy({ $0.term < terms.count && $0.offset <= Int(Int32.max) }), terms.count < 1 << 15 else {
            throw ByteFault("a phrase has words without terms")
        }
        self.init(
            name: name, field: Self.fields[Int(field)], terms: terms, phrase: phrase, weight: try reader.next(),
            passageFrequency: try reader.next(), isWanted: try reader.next())
    }

    func write(to writer: inout ByteWriter) {
        writer.append(name, UInt8(Self.fields.firstIndex(of: field) ?? 0), terms)
        writer.append(count: phrase.count)
        for word in phrase {
            writer.append(word.term, word.offset)
        }
        writer.append(weight, passageFrequency, isWanted)
    }
}

extension OperatorQuery.Term: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(bytes: try reader.next(), closeness: try reader.next())
        guard (0...1).contains(closeness) else { throw ByteFault("a term counts \(closeness)") }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(bytes, closeness)
    }
}
