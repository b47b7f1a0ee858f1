import CTrawlXML2
import Foundation
import TrawlCore

/// What the package document says: the book's title and the files of its chapters.
struct EPUBPackage {
    private(set) var title = ""
    private(set) var authors: [String] = []
    private(set) var language: String?
    /// In the order of reading, as paths in the archive.
    private(set) var chapters: [String] = []
    /// By path in the archive.
    private(set) var chapterTitles: [String: String] = [:]

    private struct Item {
        let path: String
        let type: String
        let properties: [Substring]
    }

    init(_ archive: ZipArchive) throws {
        let path = try Self.packagePath(archive)
        guard let bytes = try archive.contents(of: path) else {
            throw Self.fault("its package document is missing", archive)
        }
        var items: [String: Item] = [:]
        var order: [String] = []
        var listed: Set<String> = []
        try readXML(bytes, path: archive.path, part: path) { event in
            guard case .start(let name, let attributes) = event else { return }
            if name == "item", let id = attributes["id"], let reference = attributes["href"] {
                items[id] = Item(
                    path: Self.resolve(reference, from: path), type: attributes["media-type"] ?? "",
                    properties: attributes["properties"]?.split(separator: " ") ?? [])
            } else if name == "itemref", let id = attributes["idref"], listed.insert(id).inserted {
                order.append(id)
            }
        }
        for (name, text) in try leafTexts(of: bytes, path: archive.path, part: path) {
            switch name {
            case "title" where title.isEmpty: title = text
            case "creator": authors.append(text)
            case "language" where language == nil: language = text
            default: break
            }
        }
        let pages = order.compactMap { items[$0] }.filter { !$0.properties.contains("nav") }
        chapters = pages.filter { $0.type.contains("html") || $0.type.isEmpty }.map(\.path)
        guard !chapters.isEmpty else { throw Self.fault("its package document lists no chapters", archive) }
        for id in items.keys.sorted() {
            guard let item = items[id] else { continue }
            if item.properties.contains("nav") {
                try readNavigation(item.path, archive)
            } else if item.type == "application/x-dtbncx+xml" {
                try readNCX(item.path, archive)
            }
        }
    }

    private static func packagePath(_ archive: ZipArchive) throws -> String {
        let part = "META-INF/container.xml"
        guard let container = try archive.contents(of: part) else {
            throw fault("its container.xml is missing", archive)
        }
        var path: String?
        try readXML(container, path: archive.path, part: part) { event in
            if case .start("rootfile", let attributes) = event { path = path ?? attributes["full-path"] }
        }
        guard let path else { throw fault("its container.xml names no package document", archive) }
        return path
    }

    /// EPUB 3's table of contents: links in an HTML page.
    private mutating func readNavigation(_ path: String, _ archive: ZipArchive) throws {
        guard let bytes = try archive.contents(of: path) else { return }
        try bytes.withUnsafeBufferPointer { bytes in
            try withHTMLTree(bytes, path: archive.path) { root in
                var walk = LinkWalk()
                walk.visit(root)
                for link in walk.links { note(link.title, for: Self.resolve(link.target, from: path)) }
            }
        }
    }

    /// EPUB 2's table of contents.
    private mutating func readNCX(_ path: String, _ archive: ZipArchive) throws {
        guard let bytes = try archive.contents(of: path) else { return }
        var label = ""
        var isLabel = false
        var titles: [(title: String, path: String)] = []
        try readXML(bytes, path: archive.path, part: path) { event in
            switch event {
            case .start("navLabel", _): (label, isLabel) = ("", true)
            case .end("navLabel"): isLabel = false
            case .text(let text): if isLabel { label += String(decoding: Array(text), as: UTF8.self) }
            case .start("content", let attributes):
                if let source = attributes["src"] { titles.append((label, Self.resolve(source, from: path))) }
            default: break
            }
        }
        for entry in titles { note(entry.title, for: entry.path) }
    }

    /// The first entry of a file is the file's own.
    private mutating func note(_ title: String, for path: String) {
        let title = title.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if !title.isEmpty, chapterTitles[path] == nil { chapterTitles[path] = title }
    }

    /// The path in the archive that a reference in the file `base` means, without its fragment.
    private static func resolve(_ reference: String, from base: String) -> String {
        let file = reference.prefix { $0 != "#" }
        var parts = base.split(separator: "/").dropLast().map(String.init)
        for part in String(file).removingPercentEncoding?.split(separator: "/") ?? [] {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    private static func fault(_ message: String, _ archive: ZipArchive) -> TrawlError {
        TrawlError(.corrupted, message, path: archive.path, remedy: "check that it is an EPUB book")
    }
}

private struct LinkWalk: XMLVisitor {
    private(set) var links: [(target: String, title: String)] = []
    private var isOpen = false

    mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        if let text = node.textContent, isOpen {
            links[links.count - 1].title += String(cString: text)
        } else if node.elementName == "a", let target = node.attribute("href") {
            links.append((target, ""))
            isOpen = true
        }
        return true
    }

    mutating func leave(_ node: UnsafeMutablePointer<xmlNode>) { if node.elementName == "a" { isOpen = false } }
}
