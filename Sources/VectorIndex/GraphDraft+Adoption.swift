import TrawlCore
import TrawlStore

extension GraphDraft {
    /// Takes over the links of another graph whose vector v is now `numbers[v]`, `noLink` when it was dropped.
    ///
    /// A vector that was linked to dropped ones considers in their place what those were linked to (Singh et al. 2021,
    /// FreshDiskANN, arXiv 2105.09613, algorithm 4).
    /// - Returns: which vectors of this graph have links now.
    func adopt(_ graph: VectorGraph, numbers: [UInt32]) -> BitSet {
        let kept = numbers.indices.filter { numbers[$0] != noLink }
        var present = BitSet(bound: count)
        for old in kept { present.insert(Int(numbers[old])) }
        let lot = 64
        Parallel.forEach((kept.count + lot - 1) / lot, threads: threads) {
            Workspace(count: count, degree: settings.degree, codeDimension: space.codeDimension)
        } _: { [self] own, index in
            for old in kept[index * lot..<min((index + 1) * lot, kept.count)] {
                var linked: [UInt32] = []
                var isWhole = true
                for link in graph.neighbours(of: old) where Int(link) < numbers.count {
                    if numbers[Int(link)] != noLink {
                        linked.append(numbers[Int(link)])
                    } else {
                        isWhole = false
                        for next in graph.neighbours(of: Int(link))
                        where Int(next) < numbers.count && numbers[Int(next)] != noLink && Int(next) != old {
                            linked.append(numbers[Int(next)])
                        }
                    }
                }
                link(numbers[old], to: linked, choosing: !isWhole || linked.count > settings.degree, own)
            }
        }
        let oldEntry = graph.shape.entry
        if Int(oldEntry) < numbers.count, numbers[Int(oldEntry)] != noLink {
            enter(at: numbers[Int(oldEntry)])
        } else {
            enterAtMiddle(of: kept.map { numbers[$0] })
        }
        return present
    }
}
