import Foundation
import Testing
import TrawlTestSupport

/// What happens at the limits of a machine and of a command.
@Suite struct LimitTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    /// The map of an index took what models need: under some limits no query was answered.
    @Test(arguments: [1_200_000, 1_400_000, 2_200_000])
    func searchesFitUnderALimitOnAddressSpace(kilobytes: Int) throws {
        try folder.write("{\"_id\": \"a\", \"text\": \"music of the century\"}\n", to: "c.jsonl")
        #expect(try run("index", "c.jsonl", "--output", "a.trawl", "--build", "lexical,dense", "--quiet").status == 0)
        let outcome = try TrawlProcess.shell(
            "ulimit -v \(kilobytes); $TRAWL query a.trawl music --mode hybrid --quiet", folder: folder.path)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func anOverlapThatMultipliesTheTextIsRefused() throws {
        try folder.write("{\"_id\": \"a\", \"text\": \"music\"}\n", to: "c.jsonl")
        let outcome = try run(
            "index", "c.jsonl", "--output", "a.trawl", "--build", "lexical", "--passage-size", "5000",
            "--passage-overlap",
            "4999")
        #expect(outcome.status == 2 && outcome.errors.contains("at most 4687"), "\(outcome.errors)")
    }

    /// LMDB makes its lock file before it can fail; the next build must not take the folder for someone else's.
    @Test func aFolderWithTheLocksOfAFailedBuildCanBeBuiltIn() throws {
        try folder.write("{\"_id\": \"a\", \"text\": \"music\"}\n", to: "c.jsonl")
        try FileManager.default.createDirectory(atPath: folder.path + "/a.trawl", withIntermediateDirectories: true)
        try folder.write("", to: "a.trawl/lock.mdb")
        try folder.write("", to: "a.trawl/writer.lock")
        let outcome = try run("index", "c.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    /// A model that is named by a relative path is found from every working folder, by a flag and by a recipe.
    @Test func anIndexAnswersFromAnyWorkingFolder() throws {
        let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("EmbeddingsTests/Golden/tiny-roberta").path
        try FileManager.default.copyItem(atPath: model, toPath: folder.path + "/model")
        try folder.write("{\"_id\": \"a\", \"text\": \"music\"}\n", to: "c.jsonl")
        try folder.write("build: [dense]\ncorpus: {paths: [c.jsonl]}\ndense: {model: ./model}\n", to: "r.yaml")
        #expect(
            try run("index", "c.jsonl", "--output", "a.trawl", "--build", "dense", "--embedder", "model", "--quiet")
                .status
                == 0)
        let script = """
            mkdir elsewhere && cd elsewhere && $TRAWL index --recipe ../r.yaml --output ../b.trawl --quiet &&
            $TRAWL query ../a.trawl music --quiet && $TRAWL query ../b.trawl music --quiet
            """
        let outcome = try TrawlProcess.shell(script, folder: folder.path)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
