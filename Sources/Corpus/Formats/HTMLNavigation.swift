import CTrawlXML2

/// Navigation in pages whose elements do not say so: those of documentation tools such as DocBook's and Texinfo's, and of
/// older sites, which name it by a class or an id.
enum HTMLNavigation {
    /// Words of a class or an id.
    private static let names: Set<String> = [
        "banner", "bottomnav", "breadcrumb", "breadcrumbs", "docnav", "nav", "navbar", "navbox", "navfooter",
        "navheader", "navigation", "pagination", "subnav", "topnav",
    ]
    private static let blocks: Set<String> = ["div", "dl", "ol", "p", "section", "table", "ul"]

    /// Whether `node` is a block with such a name. One with a heading, or with as much in it as a page, is content all the same: sites
    /// also name what stands beside their navigation by it.
    static func isNavigation(_ node: UnsafeMutablePointer<xmlNode>, _ element: String) -> Bool {
        guard node.pointee.properties != nil, blocks.contains(element) else { return false }
        let isNamed = ["class", "id"].contains { attribute in
            guard let value = node.attribute(attribute) else { return false }
            return value.lowercased().split { !$0.isLetter }.contains { names.contains(String($0)) }
        }
        guard isNamed else { return false }
        var search = ContentSearch()
        search.visit(node)
        return !search.isFinished
    }

    /// Is finished when it has found a heading or very many nodes.
    private struct ContentSearch: XMLVisitor {
        private static let mostNodes = 1_000
        private var nodes = 0
        private var hasHeading = false

        var isFinished: Bool { hasHeading || nodes > Self.mostNodes }

        mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
            nodes += 1
            if HTMLText.headingLevel(node.elementName) != nil { hasHeading = true }
            return !isFinished
        }

        mutating func leave(_ node: UnsafeMutablePointer<xmlNode>) {}
    }
}
