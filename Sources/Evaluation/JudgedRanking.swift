import Foundation
import TrawlCore

/// The answers to one query, seen through its judgements: the only thing that measures look at.
struct JudgedRanking {
    /// The grades by rank in pytrec_eval's order; -1 for what is not judged or judged below 0.
    let grades: [Int]
    /// The grades by rank in the order of ir_measures' own providers, nil for what is not judged.
    let gradesByName: [Int?]
    /// All judged grades from 0 up, descending.
    let judged: [Int]

    init(_ answers: [Run.Entry], _ grades: [DocumentID: Int]) {
        let judgements = Grades(grades)
        judged = judgements.values.filter { $0 >= 0 }.sorted(by: >)
        let byGreatestName = answers.sorted { a, b in
            let (x, y) = (Float(a.score), Float(b.score))
            return x != y ? x > y : b.document.rawValue.bytesPrecede(a.document.rawValue)
        }
        self.grades = byGreatestName.map { max(judgements[$0.document] ?? -1, -1) }
        let byLeastName = answers.sorted { a, b in
            a.score != b.score ? a.score > b.score : a.document.rawValue.bytesPrecede(b.document.rawValue)
        }
        gradesByName = byLeastName.map { judgements[$0.document] }
    }

    func value(of measure: Measure) -> Double {
        let level = measure.relevanceLevel
        let relevant = judged.count { $0 >= level }
        let depth = min(measure.cutoff ?? grades.count, grades.count)
        let top = grades[..<depth]
        switch measure.kind {
        case .nDCG: return discountedGain(measure.cutoff)
        case .averagePrecision: return relevant == 0 ? 0 : precisionSum(top, level) / Double(relevant)
        case .reciprocalRank: return firstRelevant(measure.cutoff, level)
        case .recall: return relevant == 0 ? 0 : Double(top.count { $0 >= level }) / Double(relevant)
        case .precision: return Double(top.count { $0 >= level }) / Double(measure.cutoff ?? 1)
        case .rPrecision:
            return relevant == 0 ? 0 : Double(grades.prefix(relevant).count { $0 >= level }) / Double(relevant)
        case .success: return top.contains { $0 >= level } ? 1 : 0
        case .judged: return depth == 0 ? 0 : Double(gradesByName[..<depth].count { $0 != nil }) / Double(depth)
        case .binaryPreference: return preference(level, relevant)
        }
    }

    /// Järvelin and Kekäläinen (2002) with gain = grade and discount log2(rank + 1), divided by the ideal one.
    private func discountedGain(_ cutoff: Int?) -> Double {
        func sum(_ grades: some Sequence<Int>) -> Double {
            var total = 0.0
            for (position, grade) in grades.enumerated() where grade > 0 {
                total += Double(grade) / log2(Double(position + 2))
            }
            return total
        }
        let ideal = sum(judged.prefix(cutoff ?? judged.count))
        return ideal == 0 ? 0 : sum(grades.prefix(cutoff ?? grades.count)) / ideal
    }

    private func precisionSum(_ top: ArraySlice<Int>, _ level: Int) -> Double {
        var (sum, found) = (0.0, 0)
        for (position, grade) in top.enumerated() where grade >= level {
            found += 1
            sum += Double(found) / Double(position + 1)
        }
        return sum
    }

    private func firstRelevant(_ cutoff: Int?, _ level: Int) -> Double {
        let position =
            if let cutoff {
                gradesByName.prefix(cutoff).firstIndex { ($0 ?? -1) >= level }
            } else {
                grades.firstIndex { $0 >= level }
            }
        return position.map { 1 / Double($0 + 1) } ?? 0
    }

    /// Buckley and Voorhees (2004) as trec_eval computes it: each relevant document found earns the share of judged
    /// irrelevant documents that do not stand above it.
    private func preference(_ level: Int, _ relevant: Int) -> Double {
        guard relevant > 0 else { return 0 }
        let bound = Double(min(judged.count - relevant, relevant))
        var (sum, above) = (0.0, 0)
        for grade in grades where grade >= 0 {
            if grade < level {
                above += 1
            } else {
                sum += above == 0 ? 1 : 1 - Double(min(above, relevant)) / bound
            }
        }
        return sum / Double(relevant)
    }
}
