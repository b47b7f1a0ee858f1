import ArgumentParser
import TrawlCore

/// The names of commands, as the first words of a command line have them.
enum CommandNames {
    /// The names by which the first words of a command line call `command`, such as `train generator`. A group that was
    /// called without one of its commands means its default.
    static func path(_ words: [String], of command: any ParsableCommand.Type = RootCommand.self) -> [String] {
        if let word = words.first {
            for next in command.configuration.subcommands where next.configuration.commandName == word {
                return [word] + path(Array(words.dropFirst()), of: next)
            }
        }
        return command.configuration.defaultSubcommand?.configuration.commandName.map { [$0] } ?? []
    }

    /// Guesses a misspelt command, which the parser would take for an argument that nobody expects.
    ///
    /// - Throws: `ValidationError` for a first word that is not a command.
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
