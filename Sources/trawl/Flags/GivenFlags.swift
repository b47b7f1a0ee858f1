import ArgumentParser
import Foundation

/// The flags of a command line, as they were typed: the parser tells values from defaults no longer.
struct GivenFlags {
    /// The long names in the order in which they were given, once for each time, with their spelling.
    let all: [(name: String, spelling: String)]

    /// The flags of this process.
    static let current = GivenFlags(Array(CommandLine.arguments.dropFirst()))

    /// Other names of flags, the same for all commands that have them.
    static let aliases = [
        "-k": "--limit", "-m": "--mode", "-e": "--explain", "-o": "--output", "-r": "--recipe", "-h": "--help",
        "--walk-width": "--ef-search",
    ]

    /// The flags among the words of a command line. A word that begins with a dash is never a value, but for `-` itself and
    /// numbers.
    init(_ words: [String]) {
        var all: [(name: String, spelling: String)] = []
        func add(_ spelling: String) { all.append((Self.aliases[spelling] ?? spelling, spelling)) }
        for word in words {
            if word == "--" { break }
            if word.hasPrefix("--") {
                add(String(word.prefix { $0 != "=" }))
            } else if word.hasPrefix("-"), word.dropFirst().first?.isLetter == true {
                for letter in word.dropFirst().prefix(while: { $0 != "=" }) { add("-\(letter)") }
            }
        }
        self.all = all
    }

    /// How `name` was spelled; nil when it was not given.
    func spelling(of name: String) -> String? { all.first { $0.name == name }?.spelling }

    func contains(_ name: String) -> Bool { spelling(of: name) != nil }

    /// - Throws: `ValidationError` for an option that takes one value and was given several.
    func requireOnce(_ command: any ParsableCommand.Type) throws {
        let counts = all.reduce(into: [String: Int]()) { $0[$1.name, default: 0] += 1 }
        guard counts.values.contains(where: { $0 > 1 }) else { return }
        // Only the parser's own description of the command says which options take one value.
        let description = try JSONSerialization.jsonObject(with: Data(command._dumpHelp().utf8)) as? [String: Any]
        let arguments = (description?["command"] as? [String: Any])?["arguments"] as? [[String: Any]] ?? []
        for argument in arguments where argument["kind"] as? String == "option" {
            let names = (argument["names"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
            guard argument["isRepeating"] as? Bool != true, let name = names.map({ "--" + $0 }).first(where: contains),
                counts[name, default: 0] > 1
            else { continue }
            throw ValidationError("\(spelling(of: name) ?? name) is given twice and takes one value")
        }
    }
}
