internal import TrawlCore
internal import TrawlTensors

/// The keys and values of all layers, in slots. A prompt fills consecutive slots; every other slot is a node with a
/// parent. Forking a beam copies nothing: two nodes name one parent.
final class KeyValueTree {
    struct Slot {
        /// The prompt's first slot and its length.
        let spanStart: Int32
        let spanCount: Int32
        /// The slot before this one; -1 within a prompt, where it is the neighbour.
        let parent: Int32
        /// The tokens before this one.
        let position: Int32
    }

    private(set) var slots: [Slot] = []
    private let keyBuffers: [FloatBuffer]
    private let valueBuffers: [FloatBuffer]
    /// Floats a slot, in each layer.
    let width: Int

    init(layers: Int, width: Int) {
        self.width = width
        keyBuffers = (0..<layers).map { _ in FloatBuffer() }
        valueBuffers = (0..<layers).map { _ in FloatBuffer() }
    }

    var count: Int { slots.count }

    /// `[slots, width]`
    func keys(_ layer: Int) -> UnsafeMutablePointer<Float> { keyBuffers[layer].base }
    func values(_ layer: Int) -> UnsafeMutablePointer<Float> { valueBuffers[layer].base }

    func contains(_ node: CacheNode) -> Bool { node.index >= 0 && Int(node.index) < slots.count }

    func appendPrompt(count: Int) {
        let start = Int32(slots.count)
        for position in 0..<Int32(count) {
            slots.append(Slot(spanStart: start, spanCount: Int32(count), parent: -1, position: position))
        }
    }

    func append(after parent: Int) {
        let before = slots[parent]
        slots.append(
            Slot(
                spanStart: before.spanStart, spanCount: before.spanCount, parent: Int32(parent),
                position: before.position + 1))
    }

    func truncate(to count: Int) { slots.removeLast(slots.count - count) }

    /// Makes room for all slots, keeping the first `filled`.
    func reserve(keeping filled: Int) {
        for buffer in keyBuffers { buffer.reserve(slots.count * width, keeping: filled * width) }
        for buffer in valueBuffers { buffer.reserve(slots.count * width, keeping: filled * width) }
    }

    /// Copies the keys and values of the first `count` slots to those from `start` on, for which `reserve` was called.
    func copyFirst(_ count: Int, to start: Int) {
        for buffer in keyBuffers + valueBuffers {
            (buffer.base + start * width).update(from: buffer.base, count: count * width)
        }
    }

    /// What slot `slot` attends to: the first `visible` slots of its prompt and then `path`, appended oldest first.
    func ancestry(of slot: Int, appendingPathTo path: inout [Int32]) -> (start: Int, visible: Int) {
        let entry = slots[slot]
        if entry.parent < 0 { return (Int(entry.spanStart), Int(entry.position) + 1) }
        let begin = path.count
        var current = slot
        while slots[current].parent >= 0 {
            path.append(Int32(current))
            current = Int(slots[current].parent)
        }
        path[begin...].reverse()
        return (Int(entry.spanStart), Int(entry.spanCount))
    }
}
