internal import TrawlTensors

/// What rows attend to of the encoder: for each prompt and layer the keys and values of its states, packed for products
/// when the prompt is read and shared by all that is written behind it.
///
/// A prompt's panels in a layer: for each head its keys, `[length, width]` as outputs, and its values, `[width, length]`.
final class PromptMemory {
    private struct Entry {
        let slot: Int
        let length: Int
        /// Where its panels begin in each layer, in floats.
        let start: Int
    }

    private var entries: [Entry] = []
    /// The entry of the prompt whose first row has a slot.
    private var places: [Int: Int] = [:]
    private let layers: [FloatBuffer]
    private let heads: Int
    private let width: Int
    private var used = 0

    init(layers: Int, heads: Int, width: Int) {
        self.layers = (0..<layers).map { _ in FloatBuffer() }
        self.heads = heads
        self.width = width
    }

    private func keyCount(_ length: Int) -> Int { Kernels.packedCount(length, width) }
    private func headCount(_ length: Int) -> Int { keyCount(length) + Kernels.packedCount(width, length) }

    /// Makes room for prompts, whose panels are then packed.
    func append(_ prompts: [(slot: Int, length: Int)]) {
        let kept = used
        for prompt in prompts {
            places[prompt.slot] = entries.count
            entries.append(Entry(slot: prompt.slot, length: prompt.length, start: used))
            used += heads * headCount(prompt.length)
        }
        for layer in layers { layer.reserve(used, keeping: kept) }
    }

    /// Packs a head of the prompt at `slot`. keys, values: the head's first floats of the prompt's first token, those of
    /// the next `stride` on.
    func pack(
        slot: Int, layer: Int, head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int,
        scale: Float
    ) {
        guard let panels = panels(slot: slot, layer: layer, head: head) else { return }
        Kernels.pack(outputs: keys, stride, panels.length, width, scale: scale, into: panels.keys)
        Kernels.pack(inputs: values, stride, width, panels.length, into: panels.values)
    }

    /// The panels of a head, and the prompt's length in tokens.
    func panels(slot: Int, layer: Int, head: Int) -> (
        keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>, length: Int
    )? {
        guard let entry = places[slot].map({ entries[$0] }) else { return nil }
        let keys = layers[layer].base + entry.start + head * headCount(entry.length)
        return (keys, keys + keyCount(entry.length), entry.length)
    }

    /// Forgets the prompts at `slots` and behind.
    func truncate(to slots: Int) {
        while let last = entries.last, last.slot >= slots {
            places[last.slot] = nil
            used = last.start
            entries.removeLast()
        }
    }
}
