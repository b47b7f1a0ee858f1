import Foundation
import Testing
import TrawlTestSupport

/// What users get wrong, and what machines break: a clear error, exit code 2, and nothing lost.
@Suite struct BadInputTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func index(_ corpus: String, _ more: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            ["index", corpus, "--output", "a.trawl", "--build", "lexical", "--quiet"] + more, folder: folder.path)
    }

    private func expectRefused(_ outcome: TrawlProcess.Outcome, naming words: String...) {
        #expect(outcome.status == 2, "\(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(word) is missing: \(outcome.errors)") }
    }

    @Test func malformedLinesAreNamed() throws {
        try folder.write("{\"_id\": \"1\", \"text\": \"a\"}\n{\"_id\": \"2\", \"text\": \n", to: "bad.jsonl")
        expectRefused(try index("bad.jsonl", "--strict"), naming: "bad.jsonl:2")
        try Data([0x7B, 0x22, 0x5F, 0x69, 0x64, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D, 0x0A]).write(
            to: URL(fileURLWithPath: folder.path + "/latin.jsonl"))
        expectRefused(try index("latin.jsonl"), naming: "latin.jsonl:1", "UTF-8")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/a.trawl"))
    }

    @Test func duplicateIDsAreRefusedByLine() throws {
        try folder.write("{\"_id\": \"x\", \"text\": \"a\"}\n{\"_id\": \"x\", \"text\": \"b\"}\n", to: "twice.jsonl")
        expectRefused(try index("twice.jsonl"), naming: "twice.jsonl:2", "twice.jsonl:1", "\"x\"")
    }

    @Test func emptyCorporaAreRefused() throws {
        try folder.write("", to: "empty.jsonl")
        expectRefused(try index("empty.jsonl"), naming: "empty")
        expectRefused(try index("nowhere.jsonl"), naming: "nowhere.jsonl")
        try folder.write("{\"_id\": \"1\", \"text\": \"  \"}\n", to: "blank.jsonl")
        expectRefused(try index("blank.jsonl"), naming: "blank.jsonl")
    }

    @Test func failedRunLeavesTheOldIndexAnswering() throws {
        try folder.write("{\"_id\": \"1\", \"text\": \"green apples\"}\n", to: "good.jsonl")
        #expect(try index("good.jsonl").status == 0)
        try folder.write("{\"_id\": \"2\", \"text\": \"red apples\"}\n{oops\n", to: "bad.jsonl")
        expectRefused(try index("bad.jsonl", "--strict"), naming: "bad.jsonl:2")
        let answer = try run("query", "a.trawl", "apples", "--json")
        #expect(answer.objects.map { $0["document"] as? String } == ["1"])
        #expect(try run("check", "a.trawl").status == 0)
    }

    @Test func folderThatIsNoIndexIsNotTouched() throws {
        try folder.write("mine", to: "precious.txt")
        expectRefused(try run("query", ".", "x"), naming: "not a Trawl index")
        try folder.write("{\"_id\": \"1\", \"text\": \"a\"}\n", to: "good.jsonl")
        expectRefused(
            try run("index", "good.jsonl", "--output", ".", "--build", "lexical", "--quiet"), naming: "not empty")
        #expect(try String(contentsOfFile: folder.path + "/precious.txt", encoding: .utf8) == "mine")
    }

    @Test func truncatedModelIsNamed() throws {
        let home = ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl"
        let files = FileManager.default
        try files.copyItem(atPath: home + "/models/all-MiniLM-L6-v2", toPath: folder.path + "/model")
        try folder.write("{\"_id\": \"1\", \"text\": \"a\"}\n", to: "good.jsonl")
        let weights = folder.path + "/model/model.safetensors"
        let handle = try #require(FileHandle(forUpdatingAtPath: weights))
        try handle.truncate(atOffset: 1_000_000)
        try handle.close()
        expectRefused(
            try run("index", "good.jsonl", "--output", "b.trawl", "--build", "dense", "--embedder", "model", "--quiet"),
            naming: "model.safetensors")
    }

    @Test func indexBuiltWithAnotherModelIsRefused() throws {
        let home = ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl"
        let files = FileManager.default
        try files.copyItem(atPath: home + "/models/all-MiniLM-L6-v2", toPath: folder.path + "/model")
        try folder.write("{\"_id\": \"1\", \"text\": \"a\"}\n", to: "good.jsonl")
        let built = try run(
            "index", "good.jsonl", "--output", "b.trawl", "--build", "dense", "--embedder", folder.path + "/model",
            "--quiet")
        try #require(built.status == 0, "\(built.errors)")
        let path = folder.path + "/model/tokenizer.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        // Two words of the vocabulary change places.
        try text.replacingOccurrences(of: "\"moon\":", with: "\"mo@on\":").replacingOccurrences(
            of: "\"lake\":", with: "\"moon\":"
        ).replacingOccurrences(of: "\"mo@on\":", with: "\"lake\":").write(
            toFile: path, atomically: true, encoding: .utf8)
        expectRefused(try run("query", "b.trawl", "a", "--mode", "dense"), naming: "another", "build the index again")
    }

    @Test func fullDiskWhileIndexingLosesNothing() throws {
        try folder.write("{\"_id\": \"1\", \"text\": \"green apples\"}\n", to: "good.jsonl")
        #expect(try index("good.jsonl").status == 0)
        var lines = ""
        for number in 0..<20_000 {
            lines += "{\"_id\": \"\(number)\", \"text\": \"document \(number) on \(number * 7919 % 10007) things\"}\n"
        }
        try folder.write(lines, to: "large.jsonl")
        // A limit on the size of files fails a write as a full disk does, and needs no other file system.
        let outcome = try TrawlProcess.shell(
            "trap '' XFSZ; ulimit -f 1500; $TRAWL index large.jsonl --output a.trawl --build lexical --quiet",
            folder: folder.path)
        expectRefused(outcome, naming: "full", "last commit")
        #expect(try run("query", "a.trawl", "apples", "--json").objects.count == 1)
        #expect(try run("check", "a.trawl").status == 0)
        #expect(try index("large.jsonl").status == 0)
        #expect(try run("check", "a.trawl").status == 0)
    }

    @Test func killedRunsLeaveTheIndexBeforeOrAfterNeverBetween() throws {
        var first = ""
        var second = ""
        for number in 0..<4000 {
            first += "{\"_id\": \"a\(number)\", \"text\": \"apple number \(number)\"}\n"
            second += "{\"_id\": \"b\(number)\", \"text\": \"banana number \(number)\"}\n"
        }
        try folder.write(first, to: "first.jsonl")
        try folder.write(second, to: "second.jsonl")
        #expect(try index("first.jsonl").status == 0)
        var (before, after) = (0, 0)
        for attempt in 0..<12 {
            let delay = Double(attempt) * 0.03
            let outcome = try TrawlProcess.shell(
                """
                $TRAWL index second.jsonl --output a.trawl --build lexical --quiet & child=$!
                sleep \(delay); kill -9 $child; wait $child
                """, folder: folder.path)
            _ = outcome
            let apples = try run("query", "a.trawl", "apple", "-k", "1", "--json").objects.count
            let bananas = try run("query", "a.trawl", "banana", "-k", "1", "--json").objects.count
            #expect(apples + bananas == 1)
            if apples == 1 { before += 1 } else { after += 1 }
            let checked = try run("check", "a.trawl", "--quiet")
            #expect(checked.status == 0, "\(checked.output)")
            if bananas == 1 { #expect(try index("first.jsonl").status == 0) }
        }
        #expect(before > 0)
    }

    @Test func numbersOutOfBoundsAreUsageErrors() throws {
        try folder.write("q1\tapples\n", to: "q.tsv")
        try folder.write("q1 0 1 1\n", to: "qrels.txt")
        for arguments in [
            ["query", "a.trawl", "x", "-k", "0"], ["query", "a.trawl", "x", "--rerank", "--rerank-depth=-1"],
            ["query", "a.trawl", "x", "--weights", "dense=inf"], ["query", "a.trawl", "x", "--weights", "dense=-1"],
            ["eval", "a.trawl", "--queries", "q.tsv", "--qrels", "qrels.txt", "--first-queries=-1"],
        ] {
            let outcome = try TrawlProcess.run(arguments, folder: folder.path)
            #expect(outcome.status == 64, "\(arguments): \(outcome.status) \(outcome.errors)")
        }
    }

    @Test func anyNumberOfHitsMayBeAskedFor() throws {
        let text = (0..<300).map { "apple number \($0)" }.joined(separator: ". ")
        try folder.write(
            "{\"_id\": \"1\", \"text\": \"\(text)\"}\n{\"_id\": \"2\", \"text\": \"an apple\"}\n", to: "a.jsonl")
        #expect(try index("a.jsonl", "--passage-size", "3").status == 0)
        let limit = "\(Int.max)"
        #expect(try run("query", "a.trawl", "apple", "-k", limit, "--json").objects.count == 2)
        let passages = try run("query", "a.trawl", "apple", "-k", limit, "--passages").output.split(separator: "\n")
        // The rank stands in full, apart from the title.
        #expect(passages.contains { $0.hasPrefix("7  1#") || $0.hasPrefix("7  1 ") })
        #expect(passages.contains { $0.hasPrefix("234 1#") })
    }

    @Test func aReaderOfMessagesThatGoesAwayStopsNoWork() throws {
        try folder.write("{\"_id\": \"1\", \"text\": \"green apples\"}\n", to: "a.jsonl")
        let outcome = try TrawlProcess.shell(
            """
            { sleep 0.3; $TRAWL index a.jsonl --output a.trawl --build lexical 2>&1 >&4; echo $? > status; } 4>&1 | true
            cat status
            """, folder: folder.path)
        #expect(outcome.output == "0\n")
        #expect(try run("query", "a.trawl", "apples", "--json").objects.count == 1)
    }

    @Test func secondWriterIsToldToWait() throws {
        try folder.write("{\"_id\": \"1\", \"text\": \"green apples\"}\n", to: "good.jsonl")
        #expect(try index("good.jsonl").status == 0)
        let outcome = try TrawlProcess.shell(
            "exec 9>>a.trawl/writer.lock; flock 9; $TRAWL index good.jsonl --output a.trawl --build lexical --quiet",
            folder: folder.path)
        expectRefused(outcome, naming: "another process", "wait")
    }
}
