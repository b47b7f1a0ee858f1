/// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998, doi 10.1145/272991.272995), with the draws of NumPy's
/// `RandomState` and of Python's `random`, so that protocols which are defined by these draw the same examples here.
public struct MersenneTwister: Sendable {
    private static let size = 624
    private var state: [UInt32]
    private var position = MersenneTwister.size

    /// Seeded as `numpy.random.RandomState(seed)`.
    public init(numpySeed seed: UInt32) {
        state = [seed]
        state.reserveCapacity(Self.size)
        for index in 1..<Self.size {
            let last = state[index - 1]
            state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index))
        }
    }

    /// Seeded as `random.Random(seed)`.
    public init(pythonSeed seed: UInt32) {
        self.init(numpySeed: 19_650_218)
        var index = 1
        func mixed(_ factor: UInt32, _ state: [UInt32]) -> UInt32 {
            state[index] ^ ((state[index - 1] ^ (state[index - 1] >> 30)) &* factor)
        }
        func advance(_ state: inout [UInt32]) {
            index += 1
            if index == Self.size {
                state[0] = state[Self.size - 1]
                index = 1
            }
        }
        // The key is the seed alone.
        for _ in 0..<Self.size {
            state[index] = mixed(1_664_525, state) &+ seed
            advance(&state)
        }
        for _ in 1..<Self.size {
            state[index] = mixed(1_566_083_941, state) &- UInt32(index)
            advance(&state)
        }
        state[0] = 0x8000_0000
    }

    /// 32 random bits.
    public mutating func next() -> UInt32 {
        if position == Self.size { refill() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C_5680
        word ^= (word << 15) & 0xEFC6_0000
        return word ^ (word >> 18)
    }

    private mutating func refill() {
        for index in 0..<Self.size {
            let bits = (state[index] & 0x8000_0000) | (state[(index + 1) % Self.size] & 0x7FFF_FFFF)
            state[index] = state[(index + 397) % Self.size] ^ (bits >> 1) ^ (bits & 1 == 1 ? 0x9908_B0DF : 0)
        }
        position = 0
    }

    /// A number from 0 to below 1, of 53 random bits: `random()` of both.
    public mutating func uniform() -> Double {
        let (high, low) = (next() >> 5, next() >> 6)
        return (Double(high) * 67_108_864 + Double(low)) / 9_007_199_254_740_992
    }

    // MARK: - NumPy

    /// A number from 0 to `most`, as `RandomState.randint(0, most + 1)` and its shuffles draw it.
    public mutating func integer(upTo most: Int) -> Int {
        precondition(most >= 0 && most < Int(UInt32.max))
        if most == 0 { return 0 }
        let mask = UInt32.max >> UInt32(UInt32(most).leadingZeroBitCount)
        while true {
            let drawn = Int(next() & mask)
            if drawn <= most { return drawn }
        }
    }

    /// Shuffles as `RandomState.shuffle`.
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, integer(upTo: index))
        }
    }

    // MARK: - Python

    /// Indices below `count`, drawn with replacement as `random.choices(range(count), k=k)` does.
    public mutating func choices(_ count: Int, _ k: Int) -> [Int] {
        (0..<k).map { _ in Int(uniform() * Double(count)) }
    }

    /// `k` different indices below `count`, as `random.sample(range(count), k)` of Python 3.11 and later draws them.
    public mutating func sample(_ count: Int, _ k: Int) -> [Int] {
        precondition(k <= count && count < Int(UInt32.max))
        // A set takes less memory than a list where few of many are drawn.
        var setSize = 21
        if k > 5 {
            var power = 1
            while power < 3 * k { power *= 4 }
            setSize += power
        }
        guard count <= setSize else {
            var drawn: [Int] = []
            var seen: Set<Int> = []
            while drawn.count < k {
                let index = below(count)
                if seen.insert(index).inserted { drawn.append(index) }
            }
            return drawn
        }
        var pool = Array(0..<count)
        return (0..<k).map { index in
            let place = below(count - index)
            defer { pool[place] = pool[count - index - 1] }
            return pool[place]
        }
    }

    private mutating func below(_ count: Int) -> Int {
        let bits = UInt32(UInt32.bitWidth - UInt32(count).leadingZeroBitCount)
        while true {
            let drawn = Int(next() >> (32 - bits))
            if drawn < count { return drawn }
        }
    }
}
