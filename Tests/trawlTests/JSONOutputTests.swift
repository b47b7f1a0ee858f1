import Foundation
import Testing
import TrawlTestSupport

/// `docs/json.md` documents JSON output by examples; here each is made, and must have the documented keys and no others.
@Suite struct JSONOutputTests {
    /// A block of commands and the JSON object that the last of them prints, if one is shown.
    private struct Example {
        var script: String
        var object: Any?
    }

    private static func examples() throws -> [Example] {
        let text = try String(contentsOfFile: TestFiles.repository("docs/json.md"), encoding: .utf8)
        var examples: [Example] = []
        var lines = text.components(separatedBy: "\n")[...]
        while let line = lines.popFirst() {
            guard line == "```sh" || line == "```json" else { continue }
            let block = lines.prefix { $0 != "```" }.joined(separator: "\n")
            if line == "```sh" {
                examples.append(Example(script: block))
            } else {
                examples[examples.count - 1].object = try JSONSerialization.jsonObject(with: Data(block.utf8))
            }
        }
        return examples
    }

    /// Keys whose objects have keys of the user's, of models or of measures.
    private static let open: Set<String> = ["metadata", "details", "queries"]

    /// The paths of all values with their kinds, such as `hits[].score number`.
    private static func paths(_ value: Any, _ path: String = "") -> Set<String> {
        switch value {
        case let object as [String: Any]:
            object.reduce(into: [path + " object"]) { paths, member in
                if open.contains(member.key) {
                    paths.insert("\(path).\(member.key) open")
                } else {
                    paths.formUnion(self.paths(member.value, "\(path).\(member.key)"))
                }
            }
        case let array as [Any]: array.reduce(into: [path + " array"]) { $0.formUnion(paths($1, path + "[]")) }
        case is String: [path + " string"]
        case is NSNull: [path + " null"]
        case let number as NSNumber: [path + (CFBooleanKind.isBoolean(number) ? " boolean" : " number")]
        default: [path + " other"]
        }
    }

    @Test func everyOutputHasTheDocumentedKeysInOneStyle() throws {
        let folder = try TemporaryFolder()
        let examples = try Self.examples()
        #expect(examples.count { $0.object != nil } >= 15)
        for example in examples {
            let outcome = try TrawlProcess.shell("trawl() { $TRAWL \"$@\"; }\n" + example.script, folder: folder.path)
            try #require(outcome.status == 0, "\(example.script)\n\(outcome.errors)")
            guard let documented = example.object else { continue }
            let lines = outcome.output.split(separator: "\n")
            #expect(outcome.objects.count == lines.count && !lines.isEmpty, "\(example.script)")
            let printed = outcome.objects.reduce(into: Set<String>()) { $0.formUnion(Self.paths($1)) }
            let expected = Self.paths(documented)
            #expect(
                printed.subtracting(expected).isEmpty,
                "not documented: \(printed.subtracting(expected)) \(example.script)")
            #expect(
                expected.subtracting(printed).isEmpty, "not printed: \(expected.subtracting(printed)) \(example.script)"
            )
            // Measures have names of their own.
            guard !example.script.contains("trawl eval") else { continue }
            for path in printed {
                let keys = path.prefix { $0 != " " }.split { ".[]".contains($0) }
                #expect(
                    keys.allSatisfy { $0.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } }, "\(path)")
            }
        }
    }
}

/// How Foundation tells `true` from 1.
private enum CFBooleanKind {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
