import Foundation
import Glibc
import Testing
import TrawlCore
import TrawlTestSupport

@Suite struct OutputFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func text(_ name: String) throws -> String { String(decoding: try folder.bytes(name), as: UTF8.self) }

    private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? [] }

    private func failure(_ path: String) -> String {
        errorText { _ = try OutputFile(path) }.replacingOccurrences(of: folder.path + "/", with: "")
    }

    @Test func aFileIsMadeOrReplacedAndKeepsItsPermissions() throws {
        let path = folder.path("out")
        try OutputFile(path).write("first")
        #expect(try text("out") == "first")
        chmod(path, 0o640)
        try OutputFile(path).write("second")
        #expect(try text("out") == "second")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o640)
        #expect(names == ["out"])
    }

    @Test func whatFailsLeavesTheOldFile() throws {
        let path = try folder.write("out", "old")
        let error = errorText {
            try OutputFile(path).write { sink throws(TrawlError) in
                try sink.append(Array("new".utf8))
                throw TrawlError(.io, "no more")
            }
        }
        #expect(error.contains("no more"))
        #expect(try text("out") == "old")
        #expect(names == ["out"])
    }

    @Test func linksAreFollowed() throws {
        try folder.write("real/target", "old")
        symlink("real/target", folder.path("link"))
        try OutputFile(folder.path("link")).write("new")
        #expect(try text("real/target") == "new")
        symlink("real/missing", folder.path("dangling"))
        try OutputFile(folder.path("dangling")).write("made")
        #expect(try text("real/missing") == "made")
        var status = stat()
        #expect(lstat(folder.path("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        symlink("loop", folder.path("loop"))
        #expect(failure(folder.path("loop")).contains("cannot be written"))
    }

    /// As with `export | head`: the rest is not even read.
    @Test func aPipeThatNobodyReadsEndsTheWriting() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        var appended = 0
        try OutputFile("/dev/fd/\(ends[1])").write { sink throws(TrawlError) in
            while appended < 10 {
                appended += 1
                try sink.append([0x78])
            }
        }
        #expect(appended == 1)
    }

    @Test func pipesAndDevicesAreWrittenThrough() throws {
        try OutputFile("/dev/null").write("gone")
        #expect(errorText { try OutputFile("/dev/full").write("x") }.contains("No space left"))
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        // Both ends, so that nobody waits.
        let reader = open(pipe, O_RDWR)
        try OutputFile(pipe).write("through")
        var bytes = [UInt8](repeating: 0, count: 7)
        #expect(read(reader, &bytes, 7) == 7 && String(decoding: bytes, as: UTF8.self) == "through")
        close(reader)
        #expect(names == ["pipe"])
    }

    @Test func aDescriptorIsWrittenToAsItStands() throws {
        let path = try folder.write("log", "before ")
        let descriptor = open(path, O_WRONLY | O_APPEND)
        try OutputFile("/dev/fd/\(descriptor)").write("after")
        close(descriptor)
        #expect(try text("log") == "before after")
        #expect(failure("/dev/fd/999").contains("cannot be written"))
    }

    @Test func whatCannotBeWrittenIsFoundAtOnce() throws {
        #expect(failure(folder.path("no/such/out")).hasPrefix("no/such/out: cannot be written: there is no folder"))
        #expect(failure(folder.path).contains("is a folder"))
        #expect(failure(folder.path("new/")).contains("names a folder"))
        #expect(failure("").contains("no name"))
        try folder.write("file", "")
        #expect(failure(folder.path("file/out")).contains("Not a directory"))
        let fixed = try folder.write("fixed", "old")
        chmod(fixed, 0o444)
        // Root may write anything.
        if geteuid() != 0 { #expect(failure(fixed).contains("Permission denied")) }
    }

    @Test func foldersAreCheckedUpToTheFirstThatExists() throws {
        try OutputFolder.check(folder.path("a/b/c"))
        #expect(names.isEmpty)
        try folder.write("file", "")
        #expect(errorText { try OutputFolder.check(folder.path("file")) }.contains("is not a folder"))
        #expect(!errorText { try OutputFolder.check(folder.path("file/deeper")) }.contains("no error"))
    }
}

@Suite struct NearestNameTests {
    @Test func nearNamesAreFoundAndFarOnesAreNot() {
        let names = ["query", "eval", "embed"]
        #expect(nearestName(to: "qurey", among: names) == "query")
        #expect(nearestName(to: "EVAL", among: names) == "eval")
        #expect(nearestName(to: "frobnicate", among: names) == nil)
        #expect(nearestName(to: "", among: names) == nil)
    }
}
