import TrawlCore

/// Tokens, ascending, each with its count.
struct TokenCounts: Sendable {
    var tokens: [TokenID] = []
    var counts: [Int] = []

    /// The count of a token; 0 for one that is not there. O(log tokens).
    func count(of token: TokenID) -> Int {
        var (low, high) = (0, tokens.count)
        while low < high {
            let middle = (low + high) / 2
            if tokens[middle] < token { low = middle + 1 } else { high = middle }
        }
        return low < tokens.count && tokens[low] == token ? counts[low] : 0
    }

    /// The counts of several lists added up.
    static func sum(_ lists: [TokenCounts]) -> TokenCounts {
        let lists = lists.filter { !$0.tokens.isEmpty }
        return lists.dropFirst().reduce(lists.first ?? TokenCounts()) { merged($0, $1) }
    }

    private static func merged(_ a: TokenCounts, _ b: TokenCounts) -> TokenCounts {
        var result = TokenCounts()
        result.tokens.reserveCapacity(a.tokens.count + b.tokens.count)
        result.counts.reserveCapacity(a.tokens.count + b.tokens.count)
        var (i, j) = (0, 0)
        while i < a.tokens.count || j < b.tokens.count {
            let token = min(i < a.tokens.count ? a.tokens[i] : .max, j < b.tokens.count ? b.tokens[j] : .max)
            var count = 0
            if i < a.tokens.count, a.tokens[i] == token {
                count += a.counts[i]
                i += 1
            }
            if j < b.tokens.count, b.tokens[j] == token {
                count += b.counts[j]
                j += 1
            }
            result.tokens.append(token)
            result.counts.append(count)
        }
        return result
    }
}

/// Tokens travel as their distances to the one before.
extension TokenCounts: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        let count = try reader.count(of: 2)
        tokens.reserveCapacity(count)
        counts.reserveCapacity(count)
        var token: UInt64 = 0
        for number in 0..<count {
            let step = try reader.integer()
            let next = token.addingReportingOverflow(step)
            guard !next.overflow, next.partialValue <= UInt64(TokenID.max), number == 0 || step > 0 else {
                throw ByteFault("tokens do not ascend")
            }
            token = next.partialValue
            tokens.append(TokenID(token))
            counts.append(try reader.next())
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(count: tokens.count)
        writer.reserve(3 * tokens.count)
        var last: TokenID = 0
        for (token, count) in zip(tokens, counts) {
            writer.append(token - last)
            writer.append(count: count)
            last = token
        }
    }
}
