/// Names as byte strings, each with a number in the order of insertion, found by their bytes.
///
/// Unlike a dictionary of `String` it takes names straight from a file's bytes, allocates nothing per name, and tells
/// spellings of an accented letter apart, as `DocumentID` does.
struct NameTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each name ends in `bytes`.
    private var ends: [Int] = []
    private var hashes: [UInt32] = []
    /// Open addressing with linear steps: a name's number plus one, 0 for a free slot. At most half of them are taken.
    private var slots: [UInt32] = []

    var count: Int { ends.count }

    /// The name with that number.
    func name(_ number: Int) -> String { String(decoding: bytes[range(number)], as: UTF8.self) }

    /// The number of the name, nil if it is not here.
    func number(of name: String) -> Int? {
        var name = name
        return name.withUTF8 { number(of: $0, hash: Self.hash($0)) }
    }

    func number(of name: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if hashes[number] == hash, isEqual(number, name) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The number of the name, which is added if it is not here.
    mutating func insert(_ name: String) -> (number: Int, isNew: Bool) {
        var name = name
        return name.withUTF8 { insert($0, hash: Self.hash($0)) }
    }

    mutating func insert(_ name: UnsafeBufferPointer<UInt8>, hash: UInt32) -> (number: Int, isNew: Bool) {
        if let number = number(of: name, hash: hash) { return (number, false) }
        if 2 * (count + 1) > slots.count { grow() }
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        hashes.append(hash)
        place(count - 1)
        return (count - 1, true)
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: max(16, 2 * slots.count))
        for number in 0..<count { place(number) }
    }

    private mutating func place(_ number: Int) {
        let mask = slots.count - 1
        var slot = Int(hashes[number]) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(number + 1)
    }

    private func range(_ number: Int) -> Range<Int> { (number == 0 ? 0 : ends[number - 1])..<ends[number] }

    private func isEqual(_ number: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let range = range(number)
        guard range.count == name.count else { return false }
        return bytes.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[range]).hasSameBytes(as: name) }
    }

    /// Keeps files from being written so that all their names collide. Decides nothing but places in tables.
    private static let seed = UInt64.random(in: 0 ... .max)

    /// A hash of eight bytes at a time (the mixing step of MurmurHash3); another in every process.
    static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let raw = UnsafeRawBufferPointer(name)
        var hash = seed ^ UInt64(raw.count) &* 0x9E37_79B9_7F4A_7C15
        var position = 0
        while position + 8 <= raw.count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest: UInt64 = 0
        while position < raw.count {
            rest = rest << 8 | UInt64(raw[position])
            position += 1
        }
        hash = mix(hash ^ rest)
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value &* 0xFF51_AFD7_ED55_8CCD
        return product ^ product >> 33
    }
}
