/// Finds the words of a sorted list that are few edits away from another: a Levenshtein automaton that is run over the list as
/// over a trie. An edit inserts, drops or changes a character, or swaps two neighbours.
///
/// - Complexity: words that share a beginning with the one before them cost what differs; those whose beginning is too far
///   away cost nothing.
struct EditDistance {
    private let target: [UInt32]
    private let limit: Int
    /// The word before, and for each of its beginnings the distances to all beginnings of the target.
    private var word: [UInt32] = []
    private var rows: [[Int]]
    /// How many characters of `word` have a row; fewer than there are where all that begins so is too far away.
    private var depth = 0

    init(to target: String, limit: Int) {
        self.target = target.unicodeScalars.map(\.value)
        self.limit = limit
        rows = [Array(0...self.target.count)]
    }

    /// The distance of the next word; nil for more than the limit.
    mutating func next(_ bytes: ArraySlice<UInt8>) -> Int? {
        let next = Self.scalars(bytes)
        var common = 0
        while common < word.count, common < next.count, word[common] == next[common] { common += 1 }
        // Too far away at a beginning that both share.
        let isHopeless = depth < word.count && common > depth
        let valid = min(common, depth)
        word = next
        if isHopeless { return nil }
        depth = valid
        while depth < word.count {
            extend()
            depth += 1
            if let least = rows[depth].min(), least > limit {
                // The row counts as one that no longer word needs.
                depth -= 1
                return nil
            }
        }
        let distance = rows[depth][target.count]
        return distance <= limit ? distance : nil
    }

    /// Computes the row of the beginning of `word` that is one character longer.
    private mutating func extend() {
        let character = word[depth]
        let last = rows[depth]
        var row = [depth + 1]
        row.reserveCapacity(target.count + 1)
        for column in target.indices {
            var least = min(row[column], last[column + 1]) + 1
            least = min(least, last[column] + (target[column] == character ? 0 : 1))
            if depth > 0, column > 0, target[column - 1] == character, target[column] == word[depth - 1] {
                least = min(least, rows[depth - 1][column - 1] + 1)
            }
            row.append(least)
        }
        if rows.count > depth + 1 { rows[depth + 1] = row } else { rows.append(row) }
    }

    private static func scalars(_ bytes: ArraySlice<UInt8>) -> [UInt32] {
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map { UInt32($0) } }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value)
    }
}
