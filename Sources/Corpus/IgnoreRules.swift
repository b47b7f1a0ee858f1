/// Which entries below a folder are left out, by the patterns of gitignore(5): those of one `.gitignore` or `.ignore`, or of a list.
struct IgnoreRules {
    /// The folder that the patterns are relative to, as its path below the folder that the user named; empty for that one.
    private let folder: [String]
    private let rules: [Rule]

    /// A file with more bytes, or more patterns, is not one that a person wrote.
    static let maximumBytes = 1 << 20
    static let maximumPatterns = 10_000

    private struct Rule {
        let pattern: PathPattern
        let isException: Bool
        let isForFolders: Bool
    }

    /// - Parameter folder: The path of the folder with the file, below the folder that the user named.
    init(lines: [Substring], folder: String) {
        self.folder = folder.split(separator: "/").map(String.init)
        rules = lines.prefix(Self.maximumPatterns).compactMap(Self.rule)
    }

    var isEmpty: Bool { rules.isEmpty }

    /// Whether an entry is left out; nil where no pattern says so or the contrary. The last pattern that fits decides.
    ///
    /// - Parameter path: The parts of its path below the folder that the user named.
    func excludes(_ path: [String], isFolder: Bool) -> Bool? {
        guard path.count > folder.count, path.starts(with: folder) else { return nil }
        let inside = path.dropFirst(folder.count)
        return rules.last { ($0.isForFolders ? isFolder : true) && $0.pattern.matches(inside) }.map { !$0.isException }
    }

    private static func rule(_ line: Substring) -> Rule? {
        var text = line
        if text.hasSuffix("\r") { text.removeLast() }
        while text.hasSuffix(" "), !text.hasSuffix("\\ ") { text.removeLast() }
        if text.isEmpty || text.hasPrefix("#") { return nil }
        let isException = text.hasPrefix("!")
        if isException { text.removeFirst() }
        let isForFolders = text.hasSuffix("/")
        if isForFolders { text.removeLast() }
        guard !text.isEmpty, let pattern = PathPattern(text) else { return nil }
        return Rule(pattern: pattern, isException: isException, isForFolders: isForFolders)
    }
}

/// A pattern of gitignore(5) for a path: `*`, `?` and `[a-z]` within one part, `**` for any number of parts. A pattern without a slash,
/// but for one at its end, fits at any depth.
struct PathPattern {
    private let parts: [Part]

    private enum Part {
        /// Any number of parts.
        case any
        case name([Piece])
    }

    private enum Piece {
        case star
        case one
        case character(Unicode.Scalar)
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)

        func matches(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .star, .one: true
            case .character(let own): own == scalar
            case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
            }
        }
    }

    /// Nil for a pattern that fits nothing, such as one with a bracket that does not close.
    init?(_ text: Substring) {
        var names = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isAnchored = names.count > 1
        if isAnchored, names[0].isEmpty { names.removeFirst() }
        var parts: [Part] = isAnchored ? [] : [.any]
        for name in names {
            if name == "**" {
                if case .any? = parts.last { continue }
                parts.append(.any)
            } else {
                guard !name.isEmpty, let pieces = Self.pieces(name) else { return nil }
                parts.append(.name(pieces))
            }
        }
        // At the end it stands for what is inside a folder, and not for the folder.
        if case .any? = parts.last { parts.append(.name([.star])) }
        self.parts = parts
    }

    func matches(_ path: ArraySlice<String>) -> Bool {
        Self.fits(parts, path) { part in
            if case .any = part { true } else { false }
        } matches: { part, name in
            guard case .name(let pieces) = part else { return false }
            return Self.matches(pieces, name)
        }
    }

    private static func matches(_ pieces: [Piece], _ name: String) -> Bool {
        fits(pieces, Array(name.unicodeScalars)) { piece in
            if case .star = piece { true } else { false }
        } matches: { piece, scalar in
            piece.matches(scalar)
        }
    }

    /// Whether a pattern fits all of `items`, where some of its elements stand for any number of them. In time proportional to the
    /// elements times the items.
    private static func fits<Element, Items: RandomAccessCollection>(
        _ pattern: [Element], _ items: Items, isAnyNumber: (Element) -> Bool, matches: (Element, Items.Element) -> Bool
    ) -> Bool {
        var (element, item) = (0, items.startIndex)
        // Where to go on when an item does not fit: after the last element that stands for any number, one item later.
        var retry: (element: Int, item: Items.Index)?
        while element < pattern.count || item < items.endIndex {
            if element < pattern.count {
                if isAnyNumber(pattern[element]) {
                    retry = (element, item)
                    element += 1
                    continue
                }
                if item < items.endIndex, matches(pattern[element], items[item]) {
                    element += 1
                    items.formIndex(after: &item)
                    continue
                }
            }
            guard let last = retry, last.item < items.endIndex else { return false }
            element = last.element + 1
            item = items.index(after: last.item)
            retry = (last.element, item)
        }
        return true
    }

    private static func pieces(_ name: String) -> [Piece]? {
        var pieces: [Piece] = []
        var rest = Substring(name).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                // Several are as one.
                if case .star? = pieces.last { continue }
                pieces.append(.star)
            case "?": pieces.append(.one)
            case "[":
                guard let set = set(&rest) else { return nil }
                pieces.append(set)
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                pieces.append(.character(escaped))
            default: pieces.append(.character(scalar))
            }
        }
        return pieces
    }

    /// What follows an opening bracket; nil where it does not close.
    private static func set(_ rest: inout Substring.UnicodeScalarView) -> Piece? {
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var isFirst = true
        while var low = rest.popFirst() {
            if low == "]", !isFirst { return .set(ranges, isNegated: isNegated) }
            isFirst = false
            if low == "\\" {
                guard let escaped = rest.popFirst() else { return nil }
                low = escaped
            }
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest.removeFirst(2)
                high = end
                if end == "\\" {
                    guard let escaped = rest.popFirst() else { return nil }
                    high = escaped
                }
            }
            // One that runs backwards fits nothing.
            if low <= high { ranges.append(low...high) }
        }
        return nil
    }
}
