import TrawlCore

/// How large the answer to a question may get, so that a question of a few bytes cannot ask for all memory.
struct AnswerBudget {
    private var left = 256 << 20

    /// - Throws: `TrawlError.invalidInput` if the answer gets too large by these bytes.
    mutating func take(_ bytes: Int) throws {
        guard bytes <= left else {
            throw TrawlError(
                .invalidInput, "the answer would have more than 256 MiB", remedy: "ask for less at once")
        }
        left -= bytes
    }

    /// The same for `count` items of `bytes` each.
    mutating func take(_ count: Int, each bytes: Int) throws {
        let (product, overflow) = count.multipliedReportingOverflow(by: bytes)
        try take(overflow ? .max : product)
    }
}
