import ArgumentParser
import Foundation
import TrawlCore

@main
struct Main {
    static func main() async {
        // A closed pipe shows as an error of `write`, where it can be answered quietly.
        signal(SIGPIPE, SIG_IGN)
        let interrupts = catchInterrupts()
        defer { interrupts.cancel() }
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            try CommandNames.check(words)
            try await run(RootCommand.parseAsRoot(OptionalValue.completed(words)))
        } catch let error as ValidationError {
            // Found after parsing, so that the parser does not know of which command.
            let name = (["trawl"] + CommandNames.path(words)).joined(separator: " ")
            Diagnostics.line("Error: \(error.message)\n  See '\(name) --help' for more information.")
            exit(ExitStatus.usage)
        } catch is CancellationError {
            interrupted()
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch let error as TrawlError {
            Diagnostics.error(error)
            exit(ExitStatus.error)
        } catch {
            // Help, version and usage errors (exit code 64); everything else is an error of ours.
            let code = RootCommand.exitCode(for: error)
            if code == .failure {
                Diagnostics.error(error)
                exit(ExitStatus.error)
            }
            if code == .success {
                // The parser would not see that standard output takes nothing.
                Output.line(RootCommand.fullMessage(for: error))
                exit(0)
            }
            RootCommand.exit(withError: error)
        }
    }

    /// Runs a command whose flags all have an effect.
    private static func run(_ command: any ParsableCommand) async throws {
        try GivenFlags.current.requireOnce(type(of: command))
        if let command = command as? any RuledCommand { try command.checkRules(.current) }
        if var command = command as? any AsyncParsableCommand {
            try await command.run()
        } else {
            var command = command
            try command.run()
        }
    }

    /// Ctrl-C ends the program at once, unless a command sees to it. That loses nothing: an index changes in one transaction,
    /// at the very end.
    private static func catchInterrupts() -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global(qos: .userInteractive))
        source.setEventHandler {
            if Interruption.come() { return }
            interrupted()
        }
        source.resume()
        return source
    }

    private static func interrupted() -> Never {
        Diagnostics.line("\ntrawl: interrupted; every index is as its last commit left it")
        exit(ExitStatus.interrupted)
    }
}
