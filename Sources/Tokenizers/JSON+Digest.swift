import Core

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
            for member in members.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                JSON.string(member.name).hash(into: &hash)
                member.value.hash(into: &hash)
            }
        }
    }
}
