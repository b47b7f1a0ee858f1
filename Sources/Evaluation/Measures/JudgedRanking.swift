import TrawlCore

/// The orders in which ir_measures' providers rank documents. All put higher scores first.
enum RankingOrder: Int, CaseIterable, Sendable {
    /// trec_eval as pytrec_eval calls it: scores of 32 bits, ties by name, the greater first.
    case trecEval
    /// MS MARCO's script, `Judged`, `Compat`: ties by name, the smaller first.
    case smallerNameFirst
    /// gdeval: ties by name, the greater first.
    case greaterNameFirst
    /// cwl_eval and `Accuracy`: ties as the run has them.
    case given
}

/// The answers to one query, seen through its judgements: the only thing that measures look at.
struct JudgedRanking {
    /// Stands for the grade of a document without judgement.
    static let unjudged = Int.min

    /// By `RankingOrder`: the grades by rank; empty for orders that nobody asked for.
    private var gradesByOrder: [[Int]]
    /// By rank in `.smallerNameFirst`: the numbers of the documents among the judged ones, -1 for others.
    private(set) var numbers: [Int32] = []
    private(set) var scores: [Double] = []
    /// All judged grades in the order of judgement.
    let grades: [Int]
    /// The judged grades from 0 up, descending.
    let judged: [Int]
    /// How many documents were retrieved.
    let count: Int

    /// - Parameters:
    ///   - orders: Those that the measures need.
    ///   - needsNumbers: Whether `numbers` and `scores` are needed.
    init(
        _ answers: Run.Answers, _ range: Range<Int>, _ judgements: Judgements, orders: Set<RankingOrder>,
        needsNumbers: Bool = false
    ) {
        grades = judgements.grades
        judged = judgements.grades.filter { $0 >= 0 }.sorted(by: >)
        count = range.count
        let rows = UnsafeBufferPointer(rebasing: answers.rows[range])
        let numbers = rows.map { row -> Int32 in
            let name = row.name(in: answers.names)
            return Int32(judgements.number(of: name, hash: row.hash, mayHoldBlanks: answers.holdBlanks) ?? -1)
        }
        gradesByOrder = [[Int]](repeating: [], count: RankingOrder.allCases.count)
        for order in orders {
            let sorted = Self.sorted(rows, answers.names, by: order)
            let grade = { (number: Int32) in number < 0 ? Self.unjudged : judgements.grades[Int(number)] }
            gradesByOrder[order.rawValue] = sorted?.map { grade(numbers[Int($0)]) } ?? numbers.map(grade)
            if needsNumbers, order == .smallerNameFirst {
                self.numbers = sorted?.map { numbers[Int($0)] } ?? numbers
                scores = sorted?.map { rows[Int($0)].score } ?? rows.map(\.score)
            }
        }
    }

    /// The grades by rank.
    func grades(_ order: RankingOrder) -> [Int] { gradesByOrder[order.rawValue] }

    /// The positions of the rows by rank; nil if they are in that order already, as most runs have them.
    private static func sorted(
        _ rows: UnsafeBufferPointer<Run.Row>, _ names: UnsafeBufferPointer<UInt8>, by order: RankingOrder
    ) -> [Int32]? {
        let precedes = { (a: Int, b: Int) -> Bool in
            let (x, y) = (rows[a].score, rows[b].score)
            switch order {
            case .trecEval:
                let (x, y) = (Float(x), Float(y))
                if x != y { return x > y }
                return rows[b].name(in: names).bytesPrecede(rows[a].name(in: names))
            case .smallerNameFirst:
                return x != y ? x > y : rows[a].name(in: names).bytesPrecede(rows[b].name(in: names))
            case .greaterNameFirst:
                return x != y ? x > y : rows[b].name(in: names).bytesPrecede(rows[a].name(in: names))
            case .given: return x != y ? x > y : a < b
            }
        }
        var isSorted = true
        var position = 1
        while position < rows.count, isSorted {
            isSorted = precedes(position - 1, position)
            position += 1
        }
        if isSorted { return nil }
        return (0..<Int32(rows.count)).sorted { precedes(Int($0), Int($1)) }
    }
}
