/// The words around an occurrence that tell its sense.
enum SenseWindow {
    /// Puts the words at most `size` away from `position` into `context`, those of the range `text` alone.
    @inline(__always)
    static func fill(
        _ context: inout [Int32], around position: Int, in tokens: UnsafeBufferPointer<Int32>, text: Range<Int>,
        size: Int
    ) {
        context.removeAll(keepingCapacity: true)
        for neighbour in max(text.lowerBound, position - size)..<min(text.upperBound, position + size + 1)
        where neighbour != position {
            context.append(tokens[neighbour])
        }
    }
}
