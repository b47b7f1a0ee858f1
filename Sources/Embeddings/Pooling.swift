internal import TrawlCore
internal import TrawlTensors

/// How the hidden states of a text's tokens become one vector: the modes of sentence-transformers' Pooling module,
/// concatenated when there are several.
public struct Pooling: Sendable, Equatable {
    public enum Mode: String, Sendable {
        /// The first token's state.
        case cls
        /// The greatest value in each dimension.
        case max
        case mean
        /// The sum over the square root of the number of tokens.
        case meanSqrtLength = "mean_sqrt_len_tokens"
        /// The mean with weight t for token t, counted from 1, the prompt's tokens included.
        case weightedMean = "weightedmean"
        case lastToken = "lasttoken"
    }

    public let modes: [Mode]
    /// False when the prompt's tokens are left out (INSTRUCTOR).
    public let includesPrompt: Bool

    public init(modes: [Mode], includesPrompt: Bool = true) {
        self.modes = modes
        self.includesPrompt = includesPrompt
    }

    /// Reads `1_Pooling/config.json`: the old booleans or the new `pooling_mode`.
    init(configuration: JSON, path: String) throws {
        includesPrompt = configuration["include_prompt"]?.bool ?? true
        if let value = configuration["pooling_mode"] {
            let names = value.string.map { [$0] } ?? value.array?.compactMap(\.string) ?? []
            modes = try names.map { name in
                guard let mode = Mode(rawValue: name) else {
                    throw TrawlError(.unsupported, "the pooling mode '\(name)' is not known", path: path)
                }
                return mode
            }
        } else {
            // In the order in which sentence-transformers concatenates.
            let flags: [(String, Mode)] = [
                ("cls_token", .cls), ("max_tokens", .max), ("mean_tokens", .mean),
                ("mean_sqrt_len_tokens", .meanSqrtLength), ("weightedmean_tokens", .weightedMean),
                ("lasttoken", .lastToken),
            ]
            let found = flags.filter { configuration["pooling_mode_" + $0.0] != nil }
            let set = found.compactMap { configuration["pooling_mode_" + $0.0]?.bool == true ? $0.1 : nil }
            modes = set.isEmpty && !found.isEmpty ? [.mean] : set
        }
        guard !modes.isEmpty else {
            throw TrawlError(.corrupted, "no pooling mode is set", path: path, remedy: "download the file again")
        }
    }

    /// - Parameters:
    ///   - states: `[tokens, width]`.
    ///   - promptTokens: the leading tokens that are the prompt's, fewer than there are.
    /// - Returns: `[modes.count * width]`.
    func pool(_ states: UnsafeBufferPointer<Float>, width: Int, promptTokens: Int) -> [Float] {
        let count = states.count / width
        let first = includesPrompt ? 0 : promptTokens
        return [Float](unsafeUninitializedCapacity: modes.count * width) { buffer, initialised in
            for (index, mode) in modes.enumerated() {
                let target = UnsafeMutableBufferPointer(rebasing: buffer[index * width..<(index + 1) * width])
                switch mode {
                case .cls: for d in 0..<width { target[d] = states[first * width + d] }
                case .lastToken: for d in 0..<width { target[d] = states[(count - 1) * width + d] }
                case .max:
                    for d in 0..<width { target[d] = states[first * width + d] }
                    for token in first..<count {
                        for d in 0..<width { target[d] = Swift.max(target[d], states[token * width + d]) }
                    }
                case .mean, .meanSqrtLength, .weightedMean:
                    for d in 0..<width { target[d] = 0 }
                    var total: Float = 0
                    for token in first..<count {
                        let weight: Float = mode == .weightedMean ? Float(token + 1) : 1
                        total += weight
                        for d in 0..<width { target[d] += weight * states[token * width + d] }
                    }
                    let scale = 1 / (mode == .meanSqrtLength ? total.squareRoot() : total)
                    for d in 0..<width { target[d] *= scale }
                }
            }
            initialised = modes.count * width
        }
    }
}
