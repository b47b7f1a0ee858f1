internal import TrawlCore

/// How to follow a symbol in the wavelet matrix: what every extension reads, in the order of the symbols.
///
/// ```
/// 0      4
/// | code | shift |      each u32
/// ```
struct SymbolCode: BitwiseCopyable {
    /// The symbol's code, as `rank.h` defines it.
    var code: UInt32
    /// What leads, added modulo 2^32, from a position behind the symbol's last level to a row.
    var shift: UInt32

    static let bytes = 8
}

/// Which token a symbol is and the rows of the suffixes that start with it, `first..<` the `first` of the next record.
/// The last record, behind all symbols, is there for its `first` alone.
///
/// ```
/// 0       4
/// | token | first |      each u32
/// ```
struct SymbolRows: BitwiseCopyable {
    var token: TokenID
    var first: UInt32

    static let bytes = 8
}
