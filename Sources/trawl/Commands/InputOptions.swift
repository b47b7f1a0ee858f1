import ArgumentParser
import TrawlCorpus

/// How TREC topics become queries; shared by `query` and `eval`.
struct TopicFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The fields of TREC topics that make a query, separated by commas: title, description, narrative. "
                + "(default: title)", valueName: "fields"),
        transform: { text in
            try text.split(separator: ",").map { name in
                guard let field = TopicField(rawValue: String(name)) else {
                    let names = TopicField.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("'\(name)' is not one of \(names)")
                }
                return field
            }
        })
    var topicFields: [TopicField]?

    var reader: QueryReader { QueryReader(topicFields: topicFields) }
}

/// Standard input, which only one option of a command can read.
enum StandardInput {
    /// - Parameter inputs: what reads, with the path that it was given.
    /// - Throws: `ValidationError` where `-` was given twice.
    static func requireOneReader(_ inputs: [(name: String, path: String?)]) throws {
        let readers = inputs.filter { $0.path == "-" }.map(\.name)
        if readers.count > 1 {
            throw ValidationError("\(readers.joined(separator: " and ")) cannot both be read from standard input")
        }
    }
}
