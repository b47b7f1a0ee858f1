import Foundation

/// The cache folder of Trawl, where models and corpora are unpacked: `$TRAWL_HOME`, or `~/.cache/trawl`.
public enum TrawlHome {
    public static var path: String {
        if let home = ProcessInfo.processInfo.environment["TRAWL_HOME"], !home.isEmpty { return home }
        return NSHomeDirectory() + "/.cache/trawl"
    }

    /// `path` with `${TRAWL_HOME}` and `~` replaced, made relative to `folder` unless it is absolute.
    static func resolve(_ path: String, relativeTo folder: String) -> String {
        let expanded = path.replacingOccurrences(of: "${TRAWL_HOME}", with: self.path)
        if expanded == "-" { return expanded }
        let tilde = (expanded as NSString).expandingTildeInPath
        return tilde.hasPrefix("/") || folder.isEmpty ? tilde : folder + "/" + tilde
    }
}
