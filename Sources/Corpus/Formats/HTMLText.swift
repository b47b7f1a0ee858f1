import CTrawlXML2

/// Text of HTML trees.
///
/// Scripts, styles and the head fall away, as does what is hidden; block elements are on lines of their own; white space
/// is folded but in `<pre>`; headings are remembered.
enum HTMLText {
    static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "dialog",
        "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody",
        "tfoot", "thead", "tr", "ul",
    ]

    /// What the page is about: the text of its `<main>`, else of its `<article>`s, else of the page without the parts
    /// around the content. Where one of these is blank, the next counts.
    static func mainContent(of root: UnsafeMutablePointer<xmlNode>) -> MarkedText {
        for region in [HTMLRegionFinder(tag: "main", role: "main"), HTMLRegionFinder(tag: "article", role: "article")] {
            var finder = region
            finder.visit(root)
            let text = text(of: finder.found, leavingOut: .surroundings)
            if !text.text.isEmpty { return text }
        }
        let text = text(of: [root], leavingOut: .surroundings)
        return text.text.isEmpty ? self.text(of: [root], leavingOut: .nothing) : text
    }

    /// Appends a fragment such as HTML within Markdown, all of it.
    static func append(_ root: UnsafeMutablePointer<xmlNode>, to builder: inout TextBuilder) {
        var walk = HTMLTextWalk(leavingOut: .nothing, builder: builder)
        walk.visit(root)
        builder = walk.text
    }

    /// The first `<title>`s, which do not include those of inline SVG.
    static func title(of root: UnsafeMutablePointer<xmlNode>) -> String {
        var walk = HTMLTitleWalk()
        walk.visit(root)
        return walk.title.finished().text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The first `<h1>` of the whole page.
    static func firstHeading(of root: UnsafeMutablePointer<xmlNode>) -> String? {
        text(of: [root], leavingOut: .nothing).firstHeading(upTo: 1)
    }

    private static func text(
        of regions: [UnsafeMutablePointer<xmlNode>], leavingOut: HTMLTextWalk.Omission
    ) -> MarkedText {
        var walk = HTMLTextWalk(leavingOut: leavingOut, builder: TextBuilder())
        for region in regions { walk.visit(region) }
        return walk.text.finished()
    }

    /// 1 to 6 for `h1` to `h6`.
    static func headingLevel(_ name: String) -> Int? {
        guard name.utf8.count == 2, name.hasPrefix("h"), let level = name.last?.wholeNumberValue, 1...6 ~= level else {
            return nil
        }
        return level
    }

    /// Elements without any text for readers.
    fileprivate static let dropped: Set<String> = [
        "iframe", "noscript", "object", "script", "style", "svg", "template",
    ]

    fileprivate static func isHidden(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        guard node.pointee.properties != nil else { return false }
        return node.attribute("hidden") != nil || node.attribute("aria-hidden")?.lowercased() == "true"
    }
}

/// Finds the outermost elements with a name or an ARIA role.
private struct HTMLRegionFinder: XMLVisitor {
    let tag: String
    let role: String
    private(set) var found: [UnsafeMutablePointer<xmlNode>] = []

    init(tag: String, role: String) {
        self.tag = tag
        self.role = role
    }

    mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        let name = node.elementName
        if name.isEmpty || HTMLText.dropped.contains(name) || HTMLText.isHidden(node) { return false }
        if name == tag || node.attribute("role") == role {
            found.append(node)
            return false
        }
        return true
    }

    mutating func leave(_ node: UnsafeMutablePointer<xmlNode>) {}
}

private struct HTMLTitleWalk: XMLVisitor {
    var title = TextBuilder()

    mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        if let text = node.textContent, node.pointee.parent?.elementName == "title" {
            title.append(CStringBytes(text))
        }
        let name = node.elementName
        return !name.isEmpty && !HTMLText.dropped.contains(name)
    }

    mutating func leave(_ node: UnsafeMutablePointer<xmlNode>) { if node.elementName == "title" { title.line() } }
}

private struct HTMLTextWalk: XMLVisitor {
    enum Omission {
        case nothing
        /// Navigation, asides, and the header and footer of the page.
        case surroundings
    }

    var text: TextBuilder
    private let omission: Omission
    private var preDepth = 0
    /// Elements around the node that make a `<header>` or `<footer>` one of the content rather than of the page.
    private var sectionDepth = 0

    private static let sections: Set<String> = ["article", "main", "section"]
    private static let surroundingRoles: Set<String> = [
        "navigation", "search", "banner", "contentinfo", "complementary",
    ]

    init(leavingOut omission: Omission, builder: TextBuilder) {
        self.omission = omission
        text = builder
    }

    mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        if let content = node.textContent {
            if node.pointee.parent?.elementName != "head" {
                text.append(CStringBytes(content), keepingSpace: preDepth > 0)
            }
            return false
        }
        let name = node.elementName
        if name.isEmpty || isDropped(node, name) { return false }
        if Self.sections.contains(name) || node.attribute("role") == "main" { sectionDepth += 1 }
        switch name {
        case "pre", "textarea": preDepth += 1
        case "td", "th": text.space()
        default: break
        }
        if HTMLText.blocks.contains(name) { text.line() }
        if let level = HTMLText.headingLevel(name) { text.beginHeading(level: level) }
        return true
    }

    mutating func leave(_ node: UnsafeMutablePointer<xmlNode>) {
        let name = node.elementName
        if name.isEmpty || isDropped(node, name) { return }
        if HTMLText.headingLevel(name) != nil { text.endHeading() }
        if HTMLText.blocks.contains(name) { text.line() }
        if name == "pre" || name == "textarea" { preDepth -= 1 }
        if Self.sections.contains(name) || node.attribute("role") == "main" { sectionDepth -= 1 }
    }

    private func isDropped(_ node: UnsafeMutablePointer<xmlNode>, _ name: String) -> Bool {
        if HTMLText.dropped.contains(name) || name == "title" || HTMLText.isHidden(node) { return true }
        guard omission == .surroundings else { return false }
        switch name {
        case "nav", "aside": return true
        case "header", "footer": if sectionDepth == 0 { return true }
        default: break
        }
        if let role = node.attribute("role"), Self.surroundingRoles.contains(role) { return true }
        return HTMLNavigation.isNavigation(node, name)
    }
}
