import Foundation
import Testing
import TrawlTestSupport

/// The server and the assistants' protocol as the command line starts them.
@Suite struct ServeCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            #"{"_id": "moon", "title": "Tides", "text": "The moon pulls the oceans."}"# + "\n", to: "a.jsonl")
        let built = try TrawlProcess.run(
            ["index", "a.jsonl", "--output", "notes.trawl", "--build", "lexical", "--quiet"], folder: folder.path)
        try #require(built.status == 0, "\(built.errors)")
    }

    @Test func aServerSaysWhereItListensAnswersAndStopsInGoodOrder() throws {
        let script = """
            $TRAWL serve notes.trawl --port 0 2> log &
            server=$!
            for i in $(seq 100); do grep -q listening log && break; sleep 0.05; done
            url=$(sed -n 's/^listening on //p' log)
            python3 - "$url" <<'END'
            import json, sys, urllib.request
            request = urllib.request.Request(sys.argv[1] + "/v1/search", json.dumps({"query": "oceans"}).encode())
            print(json.load(urllib.request.urlopen(request))["hits"][0]["document"])
            END
            kill -TERM $server
            wait $server
            echo "exit $?"
            """
        let outcome = try TrawlProcess.shell(script, folder: folder.path)
        #expect(outcome.output == "moon\nexit 0\n", "\(outcome.output) \(outcome.errors)")
    }

    @Test func anAddressThatIsTakenIsAnError() throws {
        let script = """
            $TRAWL serve --port 0 2> log &
            server=$!
            for i in $(seq 100); do grep -q listening log && break; sleep 0.05; done
            $TRAWL serve --port $(sed -n 's/.*://p' log)
            echo "exit $?"
            kill $server
            """
        let outcome = try TrawlProcess.shell(script, folder: folder.path)
        #expect(
            outcome.output == "exit 2\n" && outcome.errors.contains("cannot listen on 127.0.0.1"), "\(outcome.errors)")
    }

    @Test func twoIndexesOfOneNameAreRefused() throws {
        let script = "mkdir other; cp -r notes.trawl other; $TRAWL serve notes.trawl other/notes.trawl"
        let outcome = try TrawlProcess.shell(script, folder: folder.path)
        #expect(outcome.status == 2 && outcome.errors.contains("two indexes are called notes"), "\(outcome.errors)")
    }

    @Test func anAssistantAsksLineByLine() throws {
        let lines = [
            #"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}}}"#,
            #"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#,
            #"{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "oceans"}}}"#,
        ]
        let outcome = try TrawlProcess.run(
            ["mcp", "notes.trawl"], input: lines.joined(separator: "\n") + "\n", folder: folder.path)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.objects.compactMap { $0["id"] as? Int } == [1, 2])
        #expect(outcome.output.contains("id: moon  Tides"))
    }
}
