import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlServer

struct MCPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Let assistants search indexes, by the Model Context Protocol.",
        discussion: """
            Reads requests from standard input and answers on standard output, a line each, as assistants start it. Its \
            tools search, count phrases, find them and read documents; none changes anything. To add it to an assistant, \
            name the command and its arguments in the assistant's settings, with full paths:

              {"mcpServers": {"notes": {"command": "trawl", "args": ["mcp", "/home/you/notes.trawl"]}}}

            EXAMPLES
              trawl mcp notes.trawl
              trawl mcp wikipedia ~/papers.trawl
            """)

    @Argument(help: "The indexes: paths or names.") var indexes: [String]

    func run() async throws {
        var server = try MCPServer(
            engine: Engine(), indexes: indexes.map { try ClusterAccess.path(of: $0) },
            version: RootCommand.configuration.version, cluster: ClusterFlags.access)
        while let line = readLine() {
            if line.allSatisfy(\.isWhitespace) { continue }
            if let answer = server.answer(Array(line.utf8)) { Output.write(answer + [UInt8(ascii: "\n")]) }
        }
    }
}
