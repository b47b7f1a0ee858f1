import Foundation
import Testing
import TrawlEngine
import TrawlTestSupport

@testable import trawl

/// An interactive session, at a real terminal.
@Suite struct PromptTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(#"{"_id": "1", "text": "alpha"}"# + "\n", to: "first.jsonl")
        try folder.write(#"{"_id": "2", "title": "Second", "text": "alpha beta gamma"}"# + "\n", to: "second.jsonl")
        _ = try trawl("index", "first.jsonl", "--output", "a.trawl", "--build", "lexical")
    }

    private func trawl(_ arguments: String...) throws -> TrawlProcess.Outcome {
        let outcome = try TrawlProcess.run(arguments + ["--quiet"], folder: folder.path)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome
    }

    @Test func aSessionSeesWhatOthersCommit() throws {
        let terminal = try PseudoTerminal(["query", "a.trawl"], in: folder)
        try terminal.enter("beta")
        #expect(terminal.screen.contains("no hits for \"beta\"") && terminal.data.isEmpty)
        _ = try trawl("index", "second.jsonl", "--output", "a.trawl", "--add")
        try terminal.enter("beta")
        #expect(terminal.data.hasPrefix("1  Second  2 "), "\(terminal.data)")
        let before = terminal.data
        _ = try trawl("rm", "a.trawl", "2")
        try terminal.enter("beta")
        #expect(terminal.data == before)
        try terminal.enter(":open 1")
        #expect(terminal.screen.contains("there is no hit 1"))
        terminal.type(":quit\n")
        #expect(try terminal.end() == 0)
        #expect(!terminal.data.contains("query>"))
    }

    @Test func commandsChangeTheSearchAndMistakesDoNotEndIt() throws {
        _ = try trawl("index", "second.jsonl", "--output", "a.trawl", "--add")
        let terminal = try PseudoTerminal(["query", "a.trawl"], in: folder)
        try terminal.enter("alpha")
        #expect(terminal.data.split(separator: "\n").count == 4, "\(terminal.data)")
        try terminal.enter(":k 1")
        try terminal.enter("alpha")
        #expect(terminal.data.split(separator: "\n").count == 6, "\(terminal.data)")
        try terminal.enter(":where id=2")
        try terminal.enter(":explain")
        try terminal.enter("alpha")
        #expect(terminal.data.contains("why: lexical"))
        try terminal.enter(":open 1")
        #expect(terminal.data.hasSuffix("Second\n\nalpha beta gamma\n"), "\(terminal.data)")
        for (line, error) in [
            (":frobnicate", "there is no command ':frobnicate' (the commands are :mode, :k"),
            (":mode psychic", "lexical"),
            (":mode dense", "the index has no dense part"), (":k none", "invalid command ':k none'"),
            (":where x=", "invalid filter 'x='"), (":help", ":open 1"),
        ] {
            try terminal.enter(line)
            #expect(terminal.screen.contains(error), "\(line): \(terminal.screen)")
        }
        try terminal.enter(" :quit")
        #expect(terminal.screen.contains("no hits for \":quit\""))
        #expect(try terminal.endInput() == 0)
    }

    /// Where libedit is missing, lines are read without either.
    @Test func explanationsAreSwitchedInJSONToo() throws {
        let terminal = try PseudoTerminal(["query", "a.trawl", "--json"], in: folder)
        for line in ["alpha", ":explain", "alpha", ":explain off", "alpha"] { try terminal.enter(line) }
        let matches = try terminal.data.split(separator: "\n").map { line in
            let hit = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return (hit["matches"] as? [Any])?.count
        }
        #expect(matches == [0, 1, 0], "\(terminal.data)")
    }

    @Test func linesAreEditedAndRememberedAcrossSessions() throws {
        try #require(dlopen("libedit.so.2", RTLD_NOW) != nil)
        let first = try PseudoTerminal(["query", "a.trawl"], in: folder)
        // A word that is corrected in its middle: alpXXha, three to the left, two deleted.
        try first.enter("alpXXha\u{1B}[D\u{1B}[D\u{7F}\u{7F}")
        #expect(first.data.hasPrefix("1  1  "), "\(first.data)")
        #expect(try first.endInput() == 0)
        let second = try PseudoTerminal(["query", "a.trawl"], in: folder)
        try second.enter("\u{1B}[A")
        #expect(second.data == first.data, "\(second.screen)")
        second.type(":quit\n")
        #expect(try second.end() == 0)
    }

    @Test(
        arguments: [
            ("tide", .query("tide")), (" :tide", .query(":tide")),
            (":mode dense", .mode(SearchMode(rawValue: "dense"))), (":k 3", .limit(3)),
            (":open 12", .open(12)), (":explain", .explain(nil)), (":explain off", .explain(false)),
            (":where a=1 AND b", .filter("a=1 AND b")), (":where", .filter("")), (":q", .quit), (":?", .help),
        ] as [(String, PromptCommand)]) func linesAreQueriesOrCommands(line: String, command: PromptCommand) throws
    {
        #expect(try PromptCommand(line) == command)
    }

    @Test(arguments: [":", ":k", ":k 0", ":open x", ":mode", ":explain maybe", ":tide"])
    func wrongCommandsAreRefused(line: String) {
        #expect(errorText { try PromptCommand(line) }.contains("'\(line)'"))
    }
}
