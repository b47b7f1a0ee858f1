import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

/// What patterns leave out of folders.
@Suite struct IgnoreFileTests {
    private let fixture: CorpusFixture

    init() throws { fixture = try CorpusFixture() }

    private func kept(
        _ folder: String = "", exclude: [String] = [], usesIgnoreFiles: Bool = true
    ) throws -> [String] {
        let path = folder.isEmpty ? fixture.path : "\(fixture.path)/\(folder)"
        return try CorpusReader(
            paths: [path], format: .text, exclude: exclude, usesIgnoreFiles: usesIgnoreFiles
        ).files.map(\.relativePath)
    }

    /// One folder of files with ignore files, and what git leaves of it; see Golden/ignore.py.
    private struct GoldenCase: Decodable {
        let files: [String]
        let ignore: [String: String]
        let kept: [String]
    }

    @Test func patternsMeanWhatGitMeans() throws {
        let file = URL(filePath: TestFiles.repository("Tests/CorpusTests/Golden/ignore.json"))
        for (number, golden) in try JSONDecoder().decode([GoldenCase].self, from: Data(contentsOf: file)).enumerated() {
            for name in golden.files { try fixture.write("\(number)/\(name)", "text\n") }
            for (folder, text) in golden.ignore {
                try fixture.write(folder.isEmpty ? "\(number)/.gitignore" : "\(number)/\(folder)/.gitignore", text)
            }
            let kept = Set((try? kept("\(number)")) ?? [])
            #expect(kept == Set(golden.kept), "case \(number): \(golden.ignore)")
        }
    }

    @Test func whatIsLeftOutIsReported() throws {
        try fixture.write(".gitignore", "build/\n*.log\n")
        try fixture.write("a.txt", "a")
        try fixture.write("b.log", "b")
        try fixture.write("build/c.txt", "c")
        try fixture.write("sub/d.log", "d")
        let summary = try CorpusReader(paths: [fixture.path]).readAll { _ in }
        #expect(summary.documents == 1)
        #expect(summary.excluded.count == 3)
        #expect(summary.excluded.first == ["b.log", "build/", "sub/d.log"].map { fixture.path + "/" + $0 })
        #expect(
            summary.warnings.last?.hasPrefix("left out by patterns of ignore files or of the user: 3, such as ") == true
        )
        // A file that is named is read all the same.
        #expect(try allDocuments(CorpusReader(paths: [fixture.path + "/b.log"], format: .text)).count == 1)
        #expect(try kept(usesIgnoreFiles: false) == ["a.txt", "b.log", "build/c.txt", "sub/d.log"])
    }

    @Test func theUsersPatternsGoBeforeThoseOfFiles() throws {
        try fixture.write(".gitignore", "*.log\n")
        for name in ["a.log", "b.txt", "keep.log", "sub/c.txt", "sub/e/f.txt"] { try fixture.write(name, "text") }
        #expect(try kept(exclude: ["!keep.log", "sub/e"]) == ["b.txt", "keep.log", "sub/c.txt"])
        // What patterns leave nothing of says so.
        let error = #expect(throws: TrawlError.self) { try kept(exclude: ["*"]) }
        #expect(error?.message.contains("patterns leave out 4 files or folders, the first being") == true)
    }

    @Test func linesMayEndAsOnWindows() throws {
        try fixture.write(".gitignore", "*.log\r\n\r\nbuild/\r\n")
        for name in ["a.log", "b.txt", "build/c.txt"] { try fixture.write(name, "text") }
        #expect(try kept() == ["b.txt"])
    }

    @Test func ignoreGoesBeforeGitignore() throws {
        try fixture.write(".gitignore", "a.txt\n")
        try fixture.write(".ignore", "!a.txt\nb.txt\n")
        for name in ["a.txt", "b.txt", "c.txt"] { try fixture.write(name, "text") }
        #expect(try kept() == ["a.txt", "c.txt"])
    }

    @Test func aDamagedIgnoreFileIsReportedAndCountsForNothing() throws {
        try fixture.write(".gitignore", [0x61, 0xFF, 0x0A])
        try fixture.write("a.txt", "text")
        let summary = try CorpusReader(paths: [fixture.path], format: .text).readAll { _ in }
        #expect(summary.documents == 1 && summary.skipped.count == 1)
        #expect(summary.skipped.first.first?.description.contains(".gitignore: is not UTF-8") == true)
    }

    /// By going back at every star, this would take longer than the universe has.
    @Test(.timeLimit(.minutes(1))) func starsTakeNoTimeWithoutEnd() throws {
        try fixture.write(String(repeating: "a", count: 250), "text")
        try fixture.write("b.txt", "text")
        let path = Array(repeating: "a", count: 500)
        let stars = String(repeating: "*a", count: 100) + "b"
        #expect(try kept(exclude: [stars]).count == 2)
        let pattern = try #require(PathPattern(String(repeating: "**/a/", count: 100)[...] + "b"))
        #expect(!pattern.matches(path[...]))
    }
}
