/// SHA-256 (FIPS 180-4), for digests of tokenizers and downloads. About 200 MB/s.
package struct SHA256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var pending: [UInt8] = []
    private var length: UInt64 = 0
    private var schedule = [UInt32](repeating: 0, count: 64)

    package init() {}

    private static let constants: [UInt32] = (0..<64).map { index in
        // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
        let prime = SHA256.primes[index]
        return UInt32(truncatingIfNeeded: SHA256.fractionOfCubeRoot(prime))
    }

    private static let primes: [UInt64] = {
        var primes: [UInt64] = []
        var candidate: UInt64 = 2
        while primes.count < 64 {
            if !primes.contains(where: { candidate.isMultiple(of: $0) }) { primes.append(candidate) }
            candidate += 1
        }
        return primes
    }()

    /// floor(cbrt(prime) * 2^32) in whole numbers: the largest r with r^3 <= prime * 2^96.
    private static func fractionOfCubeRoot(_ prime: UInt64) -> UInt64 {
        var low: UInt64 = 1 << 32
        var high: UInt64 = 7 << 32
        while high - low > 1 {
            let middle = low + (high - low) / 2
            // middle < 2^35, so its square fits in 70 bits and its cube in 105.
            let square = UInt128(middle) * UInt128(middle)
            if square * UInt128(middle) <= UInt128(prime) << 96 { low = middle } else { high = middle }
        }
        return low
    }

    mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update($0) }
    }

    package mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
        length &+= UInt64(bytes.count)
        pending.append(contentsOf: bytes)
        if pending.count >= 1 << 14 { drain() }
    }

    /// Feeds a number as eight bytes, the lowest first.
    mutating func update(_ number: UInt64) {
        length &+= 8
        for shift in 0..<8 { pending.append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(shift)))) }
        if pending.count >= 1 << 14 { drain() }
    }

    /// The digest in 64 hexadecimal digits.
    package consuming func digest() -> String {
        let bits = length &* 8
        pending.append(0x80)
        while pending.count % 64 != 56 { pending.append(0) }
        for shift in (0..<8).reversed() { pending.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt64(shift)))) }
        drain()
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private mutating func drain() {
        let whole = pending.count / 64 * 64
        let constants = SHA256.constants
        pending.withUnsafeBufferPointer { bytes in
            schedule.withUnsafeMutableBufferPointer { w in
                constants.withUnsafeBufferPointer { k in
                    for start in stride(from: 0, to: whole, by: 64) {
                        SHA256.compress(bytes, start, &state, w, k)
                    }
                }
            }
        }
        pending.removeFirst(whole)
    }

    private static func compress(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ state: inout [UInt32],
        _ w: UnsafeMutableBufferPointer<UInt32>, _ k: UnsafeBufferPointer<UInt32>
    ) {
        @inline(__always) func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
        for index in 0..<16 {
            let at = start + 4 * index
            w[index] =
                UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8
                | UInt32(bytes[at + 3])
        }
        for index in 16..<64 {
            let x = w[index - 15]
            let y = w[index - 2]
            let s0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3
            let s1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10
            w[index] = w[index - 16] &+ s0 &+ w[index - 7] &+ s1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
            let choice = e & f ^ ~e & g
            let t1 = h &+ s1 &+ choice &+ k[index] &+ w[index]
            let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
            let t2 = s0 &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }
}
