internal import Synchronization
internal import TrawlCore
internal import TrawlModels

/// Encoders that have computed the prefix that texts share: the examples and the instruction of a task are the same for all
/// of its queries, and their keys and values are computed once.
final class PrefixedEncoders: Sendable {
    /// Prompts shorter than this are computed anew with each text.
    static let leastBytes = 24
    /// How many prefixes are remembered: a task has one for queries, and one for passages at most.
    private static let most = 2

    private let base: any TokenEncoder
    private let latest = Mutex<[(prefix: [TokenID], encoder: any TokenEncoder)]>([])

    init(_ base: any TokenEncoder) { self.base = base }

    /// nil when the encoder cannot share prefixes.
    func encoder(behind prefix: [TokenID]) throws -> (any TokenEncoder)? {
        try latest.withLock { latest in
            if let found = latest.firstIndex(where: { $0.prefix == prefix }) {
                latest.insert(latest.remove(at: found), at: 0)
                return latest[0].encoder
            }
            guard let made = try base.continuing(prefix) else { return nil }
            latest.insert((prefix, made), at: 0)
            if latest.count > Self.most { latest.removeLast() }
            return made
        }
    }
}
