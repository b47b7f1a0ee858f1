import TrawlCore
import TrawlEngine

/// What a line at the prompt asks for. A line that begins with a colon is a command; with a blank before the colon it is a
/// query.
enum PromptCommand: Equatable {
    case query(String)
    case mode(SearchMode)
    case limit(Int)
    case open(Int)
    /// Nil turns explanations on or off, whichever they are not.
    case explain(Bool?)
    /// An empty text finds all documents again.
    case filter(String)
    case help
    case quit

    /// - Throws: `TrawlError.invalidInput` for a command that does not exist, or one with a wrong value.
    init(_ line: String) throws {
        guard line.hasPrefix(":") else {
            self = .query(line.trimmingPrefix(while: \.isWhitespace).description)
            return
        }
        let words = line.dropFirst().split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        let (name, value) = (words.first ?? "", words.count > 1 ? words[1] : "")
        func wrong(_ expected: String) -> TrawlError {
            TrawlError(.invalidInput, "invalid command '\(line)'", remedy: "write \(expected)")
        }
        switch name {
        case "mode", "m":
            guard let mode = SearchMode(argument: value) else {
                throw wrong(":mode and one of \(SearchMode.allValueStrings.joined(separator: ", "))")
            }
            self = .mode(mode)
        case "k":
            guard let limit = Int(value), limit > 0 else { throw wrong(":k and how many hits to show, such as :k 5") }
            self = .limit(limit)
        case "open", "o":
            guard let rank = Int(value), rank > 0 else { throw wrong(":open and the rank of a hit, such as :open 1") }
            self = .open(rank)
        case "explain", "e":
            switch value {
            case "": self = .explain(nil)
            case "on": self = .explain(true)
            case "off": self = .explain(false)
            default: throw wrong(":explain, :explain on or :explain off")
            }
        case "where", "w": self = .filter(value)
        case "help", "h", "?": self = .help
        case "quit", "q", "exit": self = .quit
        default:
            throw TrawlError(
                .invalidInput, "there is no command ':\(name)'",
                remedy:
                    "the commands are :mode, :k, :where, :explain, :open, :help and :quit; put a blank before a query "
                    + "that begins with a colon")
        }
    }

    static let helpText = """
        :mode dense       search in this mode: \(SearchMode.allValueStrings.joined(separator: ", "))
        :k 5              show 5 hits
        :where year>1999  find only documents that meet a filter; :where alone finds all again
        :explain          show what matched, or no longer
        :open 1           show the document of hit 1
        :quit             leave, as Ctrl-D does
        Anything else is a query; put a blank before one that begins with a colon.
        """
}
