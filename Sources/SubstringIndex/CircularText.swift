/// The indexed text of a segment: every passage reversed, all of them in order, closed to a circle.
///
/// ```
/// passages   a b $   c d e $          ($ is the boundary that ends each)
/// text       $ b a $ e d c            and round again
/// ```
///
/// Read backwards, as backward search does, each passage runs forward from its first token to its boundary; behind a
/// boundary comes the first token of some passage, of each passage once. On a circle this holds without a boundary or
/// sentinel of its own, so that counts of n-grams within `$ passage $` do not depend on how passages are spread over
/// segments, and the counts of the tokens that follow an n-gram always add up to its own.
///
/// Where a circle is cut does not matter for what it holds. Cut where the cyclic order of its rotations begins, sorting
/// its suffixes sorts its rotations.
enum CircularText {
    /// Reverses each passage, `starts[k]..<starts[k + 1]` of `text`, and cuts the circle at its least rotation.
    ///
    /// - Returns: by how much the text was rotated to the left.
    /// - Complexity: O(n) time, O(1) memory.
    static func reverseAndCut(_ text: UnsafeMutableBufferPointer<Int32>, starts: [UInt32]) -> Int {
        for (start, end) in zip(starts, starts.dropFirst()) { reverse(text, Int(start), Int(end)) }
        let cut = leastRotation(UnsafeBufferPointer(text))
        reverse(text, 0, cut)
        reverse(text, cut, text.count)
        reverse(text, 0, text.count)
        return cut
    }

    /// The start of the smallest rotation of `text`, the first one where several are equal.
    static func leastRotation(_ text: UnsafeBufferPointer<Int32>) -> Int {
        let count = text.count
        var (a, b, same) = (0, 1, 0)
        while a < count, b < count, same < count {
            let i = a &+ same < count ? a &+ same : a &+ same &- count
            let j = b &+ same < count ? b &+ same : b &+ same &- count
            if text[i] == text[j] {
                same &+= 1
                continue
            }
            // No rotation that starts within the common part of the larger one can be least.
            if text[i] > text[j] { a &+= same &+ 1 } else { b &+= same &+ 1 }
            if a == b { b &+= 1 }
            same = 0
        }
        return min(a, b)
    }

    private static func reverse(_ text: UnsafeMutableBufferPointer<Int32>, _ start: Int, _ end: Int) {
        var (low, high) = (start, end &- 1)
        while low < high {
            text.swapAt(low, high)
            low &+= 1
            high &-= 1
        }
    }
}
