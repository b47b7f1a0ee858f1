import Foundation

extension JudgedRanking {
    /// The value of a measure for a query that the run answers.
    func value(of measure: Measure) -> Double {
        let parameters = measure.parameters
        let level = measure.relevanceLevel
        var ranks = grades(measure.order)
        if parameters.judgedOnly, measure.kind != .nDCG { ranks.removeAll { $0 < 0 } }
        let top = ranks.prefix(measure.cutoff ?? ranks.count)
        let relevant = judged.count { $0 >= level }
        func found(_ ranks: some Sequence<Int>) -> Double { Double(ranks.count { $0 >= level }) }
        func share(_ part: Double, of whole: Int) -> Double { whole == 0 ? 0 : part / Double(whole) }
        switch measure.kind {
        case .nDCG: return discountedGain(measure)
        case .averagePrecision: return share(precisionSum(top, level), of: relevant)
        case .geometricAveragePrecision: return logarithm(share(precisionSum(top, level), of: relevant))
        case .reciprocalRank: return top.firstIndex { $0 >= level }.map { 1 / Double($0 + 1) } ?? 0
        case .recall: return share(found(top), of: relevant)
        case .precision: return share(found(top), of: measure.cutoff ?? ranks.count)
        case .relativePrecision: return share(found(top), of: min(measure.cutoff ?? relevant, relevant))
        case .rPrecision: return share(found(ranks.prefix(relevant)), of: relevant)
        case .success: return top.contains { $0 >= level } ? 1 : 0
        case .judged: return share(Double(top.count { $0 != Self.unjudged }), of: top.count)
        case .binaryPreference: return preference(ranks, level, relevant)
        case .geometricPreference: return logarithm(preference(ranks, level, relevant))
        case .inferredAveragePrecision: return share(inferredPrecisionSum(ranks, level), of: relevant)
        case .interpolatedPrecision:
            return interpolatedPrecisions(ranks, level, relevant, at: [parameters.recall ?? 0])[0]
        case .elevenPointAverage:
            let recalls = (0...10).map { Double($0) / 10 }
            return interpolatedPrecisions(ranks, level, relevant, at: recalls).reduce(0, +) / 11
        case .binaryGain: return share(binaryGainSum(ranks, level), of: relevant)
        case .setPrecision:
            return share(found(ranks), of: parameters.relative ? min(ranks.count, relevant) : ranks.count)
        case .setRecall: return share(found(ranks), of: relevant)
        case .setAveragePrecision: return share(found(ranks), of: ranks.count) * share(found(ranks), of: relevant)
        case .setF:
            let (precision, recall) = (share(found(ranks), of: ranks.count), share(found(ranks), of: relevant))
            let beta = parameters.beta
            return precision == 0 ? 0 : (beta + 1) * precision * recall / (beta * precision + recall)
        case .queries: return 1
        case .retrieved: return Double(count)
        case .relevant: return Double(relevant)
        case .relevantRetrieved: return found(ranks)
        case .judgedIrrelevantRetrieved: return Double(ranks.count { $0 >= 0 && $0 < level })
        case .expectedReciprocalRank: return expectedReciprocalRank(top)
        case .accuracy: return accuracy(top, level)
        case .compatibility: return compatibility(measure)
        case .rankBiasedPrecision, .bejeweledPlayer, .scaledDiscountedGain, .nearlyERR8, .nearlyERR9, .nearlyERR10,
            .nearlyERR11, .inst, .insq:
            return expectedUtility(measure, ranks)
        }
    }

    /// The value of a measure for a query that the run does not answer.
    static func valueWithoutAnswers(of measure: Measure) -> Double {
        measure.aggregation == .geometricMean ? log(smallestForLogarithm) : 0
    }

    /// trec_eval's MIN_GEO_MEAN: a query without any success is not to make the geometric mean 0.
    private static let smallestForLogarithm = 0.00001

    private func logarithm(_ value: Double) -> Double { log(max(value, Self.smallestForLogarithm)) }

    /// Järvelin and Kekäläinen (2002) with discount log2(rank + 1), divided by the ideal sum. The gain is the grade, what
    /// `gains` gives for it, or 2^grade - 1.
    private func discountedGain(_ measure: Measure) -> Double {
        let parameters = measure.parameters
        var (ranks, ideal) = (grades(measure.order), judged)
        if !parameters.gains.isEmpty {
            let gain = { (grade: Int) in parameters.gains[grade] ?? grade }
            ranks = ranks.map { $0 == Self.unjudged ? $0 : gain($0) }
            ideal = grades.map(gain).filter { $0 >= 0 }.sorted(by: >)
        }
        if parameters.judgedOnly { ranks.removeAll { $0 < 0 } }
        func sum(_ grades: some Sequence<Int>) -> Double {
            var total = 0.0
            for (position, grade) in grades.enumerated() where grade > 0 {
                let gain = parameters.exponentialGain ? exp2(Double(grade)) - 1 : Double(grade)
                total += gain / log2(Double(position + 2))
            }
            return total
        }
        let best = sum(ideal.prefix(measure.cutoff ?? ideal.count))
        return best == 0 ? 0 : sum(ranks.prefix(measure.cutoff ?? ranks.count)) / best
    }

    private func precisionSum(_ top: ArraySlice<Int>, _ level: Int) -> Double {
        var (sum, found) = (0.0, 0)
        for (position, grade) in top.enumerated() where grade >= level {
            found += 1
            sum += Double(found) / Double(position + 1)
        }
        return sum
    }

    /// Buckley and Voorhees (2004) as trec_eval computes it: each relevant document found earns the share of judged
    /// irrelevant documents that do not stand above it.
    private func preference(_ ranks: [Int], _ level: Int, _ relevant: Int) -> Double {
        guard relevant > 0 else { return 0 }
        let bound = Double(min(judged.count - relevant, relevant))
        var (sum, above) = (0.0, 0)
        for grade in ranks where grade >= 0 {
            if grade < level {
                above += 1
            } else {
                sum += above == 0 ? 1 : 1 - Double(min(above, relevant)) / bound
            }
        }
        return sum / Double(relevant)
    }

    /// Yilmaz and Aslam (2006) as trec_eval computes it: documents with a negative grade were pooled and not judged, and
    /// are taken to be relevant as often as the judged ones above the same rank.
    private func inferredPrecisionSum(_ ranks: [Int], _ level: Int) -> Double {
        let epsilon = 0.00001
        var sum = 0.0
        var (relevant, irrelevant, pooled) = (0.0, 0.0, 0.0)
        for (position, grade) in ranks.enumerated() where grade != Self.unjudged {
            if grade < 0 {
                pooled += 1
            } else if grade < level {
                irrelevant += 1
            } else {
                let above = Double(position)
                let judged = relevant + irrelevant
                let expected = (judged + pooled) * (relevant + epsilon) / (judged + 2 * epsilon)
                sum += position == 0 ? 1 : (1 + expected) / (above + 1)
                relevant += 1
            }
        }
        return sum
    }

    /// The highest precision at or after the rank where a share of the relevant documents is found, as trec_eval 9 rounds
    /// that share: up, unless it is within a tenth of a document. 0 where it is not reached.
    private func interpolatedPrecisions(
        _ ranks: [Int], _ level: Int, _ relevant: Int, at recalls: [Double]
    ) -> [Double] {
        var best: [Double] = []
        for (position, grade) in ranks.enumerated() where grade >= level {
            best.append(Double(best.count + 1) / Double(position + 1))
        }
        for number in best.indices.dropLast().reversed() { best[number] = max(best[number], best[number + 1]) }
        return recalls.map { recall in
            let needed = max(1, Int(recall * Double(relevant) + 0.9))
            return needed <= best.count ? best[needed - 1] : 0
        }
    }

    /// trec_eval's binG: like AP, with a discount by the logarithm of the irrelevant documents above.
    private func binaryGainSum(_ ranks: [Int], _ level: Int) -> Double {
        var (sum, found) = (0.0, 0)
        for (position, grade) in ranks.enumerated() where grade >= level {
            found += 1
            sum += 1 / log2(Double(3 + position - found))
        }
        return sum
    }

    /// Chapelle et al. (2009) as gdeval computes it, with 4 as the highest grade there can be.
    private func expectedReciprocalRank(_ top: ArraySlice<Int>) -> Double {
        var (sum, unsatisfied) = (0.0, 1.0)
        for (position, grade) in top.enumerated() where grade > 0 {
            let satisfaction = (exp2(Double(grade)) - 1) / exp2(Double(Measure.highestGradeOfERR))
            sum += unsatisfied * satisfaction / Double(position + 1)
            unsatisfied *= 1 - satisfaction
        }
        return sum
    }

    /// How often a relevant document that was retrieved stands above an irrelevant one; 1 when none is irrelevant.
    private func accuracy(_ top: ArraySlice<Int>, _ level: Int) -> Double {
        var (relevant, irrelevant, above) = (0, 0, 0)
        for grade in top {
            if grade >= level {
                relevant += 1
                above += irrelevant
            } else {
                irrelevant += 1
            }
        }
        if relevant == 0 { return 0 }
        return irrelevant == 0 ? 1 : 1 - Double(above) / Double(relevant * irrelevant)
    }
}
