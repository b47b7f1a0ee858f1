/// The parts of `folder/notes.md.gz`: stem `notes`, extension `md`, compression `gz`.
package struct FileName {
    package let stem: String
    /// In lower case; empty when there is none.
    package let fileExtension: String
    /// `gz`, `zst` or nil.
    package let compression: String?

    package init(_ path: String) {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        func cutExtension() -> String? {
            guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
            let cut = name[name.index(after: dot)...].lowercased()
            name = String(name[..<dot])
            return cut
        }
        let whole = name
        var last = cutExtension()
        switch last {
        case "gz", "gzip": compression = "gz"
        case "zst", "zstd": compression = "zst"
        default: compression = nil
        }
        if compression != nil { last = cutExtension() }
        fileExtension = last ?? ""
        stem = name.isEmpty ? whole : name
    }
}
