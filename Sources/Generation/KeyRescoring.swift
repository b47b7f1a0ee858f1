import TrawlCore
import TrawlModels

/// The log-probabilities of many n-grams behind prompts, by teacher forcing.
///
/// The n-grams behind a prompt form a trie, which is laid over the session's tree of caches: each prefix is computed
/// once, level by level, for all prompts together. No end token, no length penalty.
enum KeyRescoring {
    /// How many rows one decoder call gets at most; a row's logits take the vocabulary's size in floats.
    static let rowsPerStep = 256

    /// For each prompt, for each node of its trie, the sum of the log-probabilities of the tokens that lead there.
    static func logProbabilities(
        of tries: [NGramTrie], behind prompts: [PrefilledPrompt], session: any DecodingSession
    ) throws -> [[Double]] {
        // What is never reached stands behind a token that the generator does not know: impossible.
        var sums = tries.map { trie in
            var sums = [Double](repeating: -.infinity, count: trie.nodeCount)
            sums[0] = 0
            return sums
        }
        var level: [(trie: Int, node: Int, parent: CacheNode)] = []

        /// Sums up the children of a node whose next logits are known, and lists those that have children themselves.
        func descend(
            trie: Int, node: Int, logits: UnsafeBufferPointer<Float>, normaliser: Double, cache: CacheNode,
            into next: inout [(trie: Int, node: Int, parent: CacheNode)]
        ) {
            let base = sums[trie][node] - normaliser
            tries[trie].forEachChild(of: node) { child in
                let token = Int(tries[trie].tokens[child])
                guard token < logits.count else { return }
                sums[trie][child] = base + Double(logits[token])
                if tries[trie].firstChild[child] >= 0 { next.append((trie, child, cache)) }
            }
        }

        for (trie, prompt) in prompts.enumerated() {
            prompt.logits.withUnsafeBufferPointer { logits in
                descend(
                    trie: trie, node: 0, logits: logits, normaliser: prompt.normaliser, cache: prompt.node, into: &level
                )
            }
        }
        while !level.isEmpty {
            var next: [(trie: Int, node: Int, parent: CacheNode)] = []
            for start in stride(from: 0, to: level.count, by: rowsPerStep) {
                let part = level[start..<min(start + rowsPerStep, level.count)]
                let step = try session.advance(
                    part.map { DecodingRow(parent: $0.parent, token: tries[$0.trie].tokens[$0.node]) })
                for (row, entry) in part.enumerated() {
                    let logits = step.row(row)
                    descend(
                        trie: entry.trie, node: entry.node, logits: logits,
                        normaliser: try LogSoftmax.normaliser(of: logits), cache: step.nodes[row], into: &next)
                }
            }
            level = next
        }
        return sums
    }
}
