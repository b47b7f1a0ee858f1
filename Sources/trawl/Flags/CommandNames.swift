import ArgumentParser
import TrawlCore

/// Misspelt commands, which the parser takes for arguments that nobody expects.
enum CommandNames {
    /// - Throws: `ValidationError` for a first word that is no command.
    static func check(_ words: [String], of command: any ParsableCommand.Type = RootCommand.self) throws {
        let configuration = command.configuration
        guard let word = words.first, !word.hasPrefix("-"), !configuration.subcommands.isEmpty else { return }
        var names: [String] = []
        for next in configuration.subcommands {
            let name = next.configuration.commandName ?? ""
            if name == word { return try check(Array(words.dropFirst()), of: next) }
            names.append(name)
        }
        guard configuration.defaultSubcommand == nil, word != "help" else { return }
        let suggestion = nearestName(to: word, among: names).map { "did you mean '\($0)'?" }
        throw ValidationError(
            "unknown command '\(word)'; \(suggestion ?? "the commands are \(names.joined(separator: ", "))")")
    }
}
