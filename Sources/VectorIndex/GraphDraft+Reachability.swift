import TrawlCore
import TrawlStore

extension GraphDraft {
    /// Links every vector that no walk could come by, such as one of many alike, or one whose ways in were dropped.
    ///
    /// - Returns: how many are still cut off, for want of room near them.
    /// - Complexity: O(vectors · degree), and a walk for each vector that was cut off.
    @discardableResult
    func connectAll() -> Int {
        guard entry != noLink else { return 0 }
        var reached = BitSet(bound: count)
        spread(from: entry, &reached)
        let own = Workspace(count: count, degree: settings.degree, codeDimension: space.codeDimension)
        var cutOff = 0
        for vector in 0..<UInt32(count) where !reached.contains(Int(vector)) {
            // All that a walk follows has been reached.
            let near = followed(towards: vector, own)
            if near.contains(where: { reached.contains(Int($0)) && append(vector, to: $0) }) {
                spread(from: vector, &reached)
            } else {
                cutOff += 1
            }
        }
        return cutOff
    }

    /// Marks what links lead to.
    private func spread(from start: UInt32, _ reached: inout BitSet) {
        var open = [start]
        reached.insert(Int(start))
        while let vector = open.popLast() {
            for link in neighbours(of: vector) where reached.insert(Int(link)) { open.append(link) }
        }
    }
}
