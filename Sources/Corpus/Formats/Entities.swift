import CTrawlXML2

/// Replaces `&name;`, `&#233;` and `&#xE9;`; anything else stays as it is.
func decodingEntities(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    var output = ""
    output.reserveCapacity(text.utf8.count)
    var rest = text[...]
    while let ampersand = rest.utf8.firstIndex(of: UInt8(ascii: "&")) {
        output += rest[..<ampersand]
        rest = rest[ampersand...]
        // The longest name of an HTML 4 entity has 8 letters.
        if let semicolon = rest.utf8.prefix(12).firstIndex(of: UInt8(ascii: ";")),
            let character = entity(rest[rest.utf8.index(after: rest.startIndex)..<semicolon])
        {
            output.unicodeScalars.append(character)
            rest = rest[rest.utf8.index(after: semicolon)...]
        } else {
            output += "&"
            rest = rest.dropFirstByte()
        }
    }
    return output + rest
}

extension Substring {
    fileprivate func dropFirstByte() -> Substring { self[utf8.index(after: startIndex)...] }
}

private func entity(_ name: Substring) -> Unicode.Scalar? {
    if name.hasPrefix("#x") || name.hasPrefix("#X") { return UInt32(name.dropFirst(2), radix: 16).flatMap(character) }
    if name.hasPrefix("#") { return UInt32(name.dropFirst()).flatMap(character) }
    switch name {
    // SGML names that TREC's disks use and HTML does not know.
    case "hyph": return "-"
    case "blank": return " "
    case "apos": return "'"
    default: return htmlEntityLookup(String(name)).flatMap { Unicode.Scalar($0.pointee.value) }
    }
}

private func character(_ value: UInt32) -> Unicode.Scalar? { value == 0 ? nil : Unicode.Scalar(value) }
