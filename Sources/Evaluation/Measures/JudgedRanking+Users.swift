import Foundation

/// Measures that model a user who reads on from rank to rank with some probability (Moffat, Thomas and Scholer, 2013;
/// Azzopardi, Thomas and Moffat, 2019), as cwl_eval computes them, and by overlap with an ideal ranking.
extension JudgedRanking {
    /// The ranks that cwl_eval looks at, whether the run has them or not.
    private static let depth = 1000

    /// The gain per document that the user looks at.
    func expectedUtility(_ measure: Measure, _ ranks: [Int]) -> Double {
        let (cutoff, parameters) = (measure.cutoff ?? .max, measure.parameters)
        let (goal, persistence) = (parameters.target, parameters.continuation ?? measure.kind.continuation)
        func insq(_ rank: Double) -> Double { pow((rank + 2 * goal - 1) / (rank + 2 * goal), 2) }
        var (looks, gained, utility, weight) = (0.0, 0.0, 0.0, 1.0)
        for position in 0..<Self.depth {
            let gain = position < ranks.count ? gain(of: ranks[position], measure) : 0
            let rank = Double(position + 1)
            gained += gain
            looks += weight
            utility += weight * gain
            switch measure.kind {
            case .rankBiasedPrecision: weight *= persistence
            case .bejeweledPlayer: weight *= gained < goal && position + 1 < cutoff ? 1 : 0
            case .scaledDiscountedGain: weight *= position + 1 < cutoff ? log2(rank + 1) / log2(rank + 2) : 0
            case .nearlyERR8: weight *= position < cutoff - 1 ? 1 - gain : 0
            case .nearlyERR9: weight *= position < cutoff - 1 ? rank / (rank + 1) * (1 - gain) : 0
            case .nearlyERR10: weight *= persistence * (1 - gain)
            case .nearlyERR11: weight *= insq(rank) * (1 - gain)
            case .insq: weight *= insq(rank)
            case .inst:
                let left = rank + 2 * goal - gained
                weight *= pow((left - 1) / left, 2)
            default: return 0
            }
            if weight == 0 { break }
        }
        return utility / looks
    }

    private func gain(of grade: Int, _ measure: Measure) -> Double {
        if grade == Self.unjudged { return 0 }
        if measure.kind == .rankBiasedPrecision { return grade >= measure.relevanceLevel ? 1 : 0 }
        let (least, most) = (measure.parameters.minimumGrade, measure.parameters.maximumGrade ?? 1)
        return Double(min(max(grade, 0, least), most) - least) / Double(most - least)
    }

    /// Rank-biased overlap with the relevant documents by grade, those of one grade as the run has them (Clarke, Vtyurina
    /// and Smucker, 2021).
    func compatibility(_ measure: Measure) -> Double {
        let persistence = measure.parameters.continuation ?? measure.kind.continuation
        var rankOf = [Int](repeating: -1, count: grades.count)
        for (rank, number) in numbers.enumerated() where number >= 0 { rankOf[Int(number)] = rank }
        // A document that was not retrieved counts as one with score 0 here.
        let score = { (number: Int) in rankOf[number] < 0 ? 0 : scores[rankOf[number]] }
        let ideal = grades.indices.filter { grades[$0] > 0 }.sorted { a, b in
            if grades[a] != grades[b] { return grades[a] > grades[b] }
            return score(a) != score(b) ? score(a) > score(b) : a < b
        }
        let depth = max(count, ideal.count)
        guard depth > 0 else { return 0 }
        var overlaps = [Bool](repeating: false, count: grades.count * 2)
        var (shared, sum, best, whole, weight) = (0, 0.0, 0.0, 0.0, 1.0)
        for position in 0..<depth {
            if position < numbers.count, numbers[position] >= 0 {
                let number = Int(numbers[position])
                overlaps[2 * number] = true
                if overlaps[2 * number + 1] { shared += 1 }
            }
            if position < ideal.count {
                overlaps[2 * ideal[position] + 1] = true
                if overlaps[2 * ideal[position]] { shared += 1 }
            }
            sum += weight * Double(shared) / Double(position + 1)
            best += weight * Double(min(position + 1, ideal.count)) / Double(position + 1)
            whole += weight
            weight *= persistence
        }
        let overlap = sum / whole
        return measure.parameters.normalises && best > 0 ? overlap / (best / whole) : overlap
    }
}
