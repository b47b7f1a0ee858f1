import Foundation
import TrawlCore

extension OutputFile {
    /// A result must not replace what it is made of.
    ///
    /// - Parameter inputs: Files, and folders such as indexes, whose files are inputs too.
    /// - Throws: `TrawlError.invalidInput` where the output is one of them.
    func requireNone(of inputs: [String?]) throws {
        guard path != "-", let target = Self.real(path), !target.hasPrefix("/dev/") else { return }
        for input in inputs.compactMap({ $0 }) where input != "-" {
            guard let real = Self.real(input), target == real || target.hasPrefix(real + "/") else { continue }
            throw TrawlError(
                .invalidInput,
                "the output would replace \(target == real ? input : "a file of \(input)"), which is read",
                path: path, remedy: "name another file")
        }
    }

    private static func real(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
