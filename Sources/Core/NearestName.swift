/// The name among `names` that `word` may be a misspelling of, nil when none is near. Upper and lower case count as the same.
///
/// - Complexity: O(bytes of `word` × bytes of all names).
package func nearestName(to word: String, among names: some Sequence<String>) -> String? {
    let lowered = word.lowercased()
    guard !lowered.isEmpty else { return nil }
    var best = (distance: Int.max, name: "")
    for name in names {
        let distance = editDistance(Array(lowered.utf8), Array(name.lowercased().utf8))
        if distance < best.distance { best = (distance, name) }
    }
    return best.distance <= max(2, lowered.utf8.count / 2) ? best.name : nil
}

/// The least number of insertions, deletions and replacements of bytes between `a` and `b` (Levenshtein).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, byte) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in b.enumerated() {
            let replaced = diagonal + (byte == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
