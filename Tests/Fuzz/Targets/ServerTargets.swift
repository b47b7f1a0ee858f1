import Dispatch
import Foundation
import Logging
import NIOEmbedded
import TrawlCluster
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlServer

extension FuzzTarget {
    /// Requests to the routes of the server, without sockets, and messages of the Model Context Protocol.
    static var servers: [FuzzTarget] {
        [
            FuzzTarget("http") { folder in
                let path = try servedIndex(in: folder)
                var settings = ServerSettings()
                settings.timeout = 600
                let server = try TrawlServer(
                    settings, engine: Engine(), indexes: [path],
                    logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
                let answer = server.handler(over: EmbeddedChannel())
                // An input is a line with method and path, and the body.
                return { bytes in
                    let end = bytes.firstIndex(of: 10) ?? bytes.count
                    let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ").map(String.init)
                    guard words.count == 2 else { return }
                    let body = Array(bytes[end...].dropFirst())
                    let status = waiting { await answer(words[0], words[1], body) }
                    // What the server did not foresee.
                    guard status != 500 else { fatalError("the server answered with status 500") }
                    if status >= 400 { throw TrawlError(.invalidInput, "status \(status) of \(words[1].prefix(20))") }
                }
            },
            // Questions of coordinators to a shard; the frame is made here, so that damage reaches the readers of the body.
            FuzzTarget("shard-question") { folder in
                let shard = ShardService(try Engine().open(servedIndex(in: folder)))
                return { bytes in
                    guard bytes.count > 1 else { return }
                    let head: [UInt8] = Array("TRSQ".utf8) + [1, 0, bytes[0], 0] + [UInt8](repeating: 0, count: 8)
                    let answer = shard.answer(head + bytes.dropFirst())
                    if ShardMessage.isFailure(answer) {
                        throw TrawlError(
                            .invalidInput, String(decoding: answer.dropFirst(16).prefix(40), as: UTF8.self))
                    }
                }
            },
            FuzzTarget("mcp") { folder in
                var server = try MCPServer(engine: Engine(), indexes: [servedIndex(in: folder)], version: "1")
                return { bytes in
                    for line in bytes.split(separator: 10).prefix(8) { _ = server.answer(Array(line)) }
                }
            },
        ]
    }

    private static func servedIndex(in folder: FuzzFolder) throws -> String {
        let path = folder.path + "/notes.trawl"
        let documents = try (0..<20).map { number in
            try Document(
                id: "d\(number)", title: "Note \(number)", text: "The moon pulls the oceans, \(number) times a year.",
                metadata: ["year": "\(1990 + number)"])
        }
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical"])), at: path, documents: DocumentList(documents))
        return path
    }

    /// What `body` answers, waited for on this thread.
    private static func waiting(_ body: @escaping @Sendable () async -> Int) -> Int {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result = 0
        Task {
            result = await body()
            done.signal()
        }
        done.wait()
        return result
    }
}
