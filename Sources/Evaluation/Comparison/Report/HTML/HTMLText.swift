import Foundation

/// Text as HTML and SVG take it, in elements and in quoted attributes.
package enum HTMLText {
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\t", "\n": escaped.unicodeScalars.append(scalar)
            // Unicode has pictures of these: ␛. HTML forbids them, and U+007F to U+009F.
            case "\u{0}"..<" ": escaped.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
            case "\u{7F}"..."\u{9F}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A name that the user chose, set apart so that its direction of writing stays its own.
    static func name(_ text: String) -> String { "<bdi>\(escaped(text))</bdi>" }

    /// At most `limit` characters, with an ellipsis for the rest.
    static func shortened(_ text: String, _ limit: Int) -> String {
        text.count > limit ? text.prefix(limit - 1) + "…" : text
    }

    /// Text for those who hear the page.
    static func spoken(_ text: String) -> String { "<span class=\"spoken\">\(escaped(text))</span>" }

    /// A table below a line that opens it.
    static func details(_ summary: String, _ content: String) -> String {
        "<details><summary>\(escaped(summary))</summary>\n\(content)</details>\n"
    }

    /// What may be wider than the page, to be scrolled by mouse and keys.
    static func wide(_ label: String, _ content: String) -> String {
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"\(escaped(label))\">\n\(content)</div>\n"
    }
}
