import Foundation

/// The files that tests read.
public enum TestFiles {
    /// A golden file or folder of the caller's test target: `Tests/TARGET/Golden/name`.
    public static func golden(_ name: String, caller: String = #filePath) -> String {
        URL(fileURLWithPath: caller).deletingLastPathComponent().path + "/Golden/" + name
    }

    /// A file of this repository by its path from the repository's root.
    public static func repository(_ name: String) -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.deletingLastPathComponent().path + "/" + name
    }

    /// Where models and corpora are kept, as `trawl` finds it: `TRAWL_HOME`, or `.cache/trawl` in the user's home.
    public static let home =
        ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl"

    /// The folder of a downloaded model; `make models` downloads those that tests read.
    public static func model(_ name: String) -> String { "\(home)/models/\(name)" }
}
