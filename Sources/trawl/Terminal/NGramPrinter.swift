import Foundation
import TrawlCore
import TrawlEngine

/// A table of n-grams.
struct NGramPrinter {
    let style: Style

    func show(_ keys: some Sequence<GeneratedKey>) {
        Output.line(style.dim("  weight   count     log P  origin      n-gram"))
        for key in keys {
            let documents = key.documents.map(\.rawValue.visibleLine).joined(separator: ", ")
            let more =
                key.documents.isEmpty ? "" : "  " + style.dim(documents + (key.documents.count < key.count ? " …" : ""))
            Output.line(
                String(format: "%8.2f  %6ld  %8.2f  ", key.weight, key.count, key.logProbability)
                    + key.origin.padding(toLength: 10, withPad: " ", startingAt: 0)
                    + " \"\(style.highlight(key.text.visibleLine))\""
                    + more
            )
        }
    }
}
