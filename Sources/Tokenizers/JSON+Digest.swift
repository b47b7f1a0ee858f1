import TrawlCore

extension JSON {
    /// Feeds a form that does not depend on white space or on the order of members to `hash`.
    func hash(into hash: inout SHA256) {
        switch self {
        case .null: hash.update("n")
        case .bool(let value): hash.update(value ? "t" : "f")
        case .number(let value): hash.update("#\(value);")
        case .string(let value): hash.update("\"\(value.utf8.count):\(value)")
        case .array(let items):
            hash.update("[\(items.count):")
            for item in items { item.hash(into: &hash) }
        case .object(let members):
            hash.update("{\(members.count):")
            for number in Self.order(members) {
                JSON.string(members[number].name).hash(into: &hash)
                members[number].value.hash(into: &hash)
            }
        }
    }

    /// The numbers of `members` in the order of their names' bytes. Vocabularies are sorted whenever a model opens, so the
    /// first eight bytes are compared at once.
    private static func order(_ members: [Member]) -> [Int] {
        let keys = members.indices.map { number in
            var start: UInt64 = 0
            var shift = 56
            for byte in members[number].name.utf8.prefix(8) {
                start |= UInt64(byte) << UInt64(shift)
                shift -= 8
            }
            return (start: start, number: number)
        }
        return keys.sorted {
            $0.start != $1.start
                ? $0.start < $1.start
                : members[$0.number].name.utf8.lexicographicallyPrecedes(members[$1.number].name.utf8)
        }.map(\.number)
    }
}
