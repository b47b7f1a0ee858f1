package import TrawlCore
package import TrawlTensors

extension ThreadPool {
    /// The tokens of each text, texts side by side: at some hundred thousand texts that is not nothing.
    package func tokenise(_ texts: some RandomAccessCollection<String>, _ tokens: (String) -> [TokenID]) -> [[TokenID]]
    {
        let texts = Array(texts)
        return [[TokenID]](unsafeUninitializedCapacity: texts.count) { buffer, count in
            nonisolated(unsafe) let buffer = buffer
            let tile = 16
            parallelFor((texts.count + tile - 1) / tile) { index in
                for text in index * tile..<min((index + 1) * tile, texts.count) {
                    (buffer.baseAddress.map { $0 + text })?.initialize(to: tokens(texts[text]))
                }
            }
            count = texts.count
        }
    }
}
