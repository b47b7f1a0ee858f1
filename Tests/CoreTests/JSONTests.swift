import Testing
import TrawlTestSupport

@testable import TrawlCore

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try parse(Array(text.utf8)) }
    private func parse(_ bytes: [UInt8]) throws -> JSON {
        try bytes.withUnsafeBytes { try JSON(parsing: $0, path: "a.json") }
    }
    private func failure(_ bytes: [UInt8]) throws -> TrawlError {
        try #require(throws: TrawlError.self) { try parse(bytes) }
    }

    @Test func everyKindOfValueIsRead() throws {
        let json = try parse(
            " {\"n\": null, \"t\":true,\"f\" : false,\r\n\t\"d\":-1.5e-2,\"s\":\"x\",\"a\":[[],{},1]}\n")
        let members = try #require(json.members)
        #expect(members.map(\.name) == ["n", "t", "f", "d", "s", "a"])
        #expect(members[0].value == .null && json["n"] == nil && json["absent"] == nil)
        #expect(json["t"]?.bool == true && json["f"]?.bool == false)
        #expect(json["d"]?.double == -0.015 && json["s"]?.string == "x")
        #expect(json["a"] == .array([.array([]), .object([]), .number(1)]))
        #expect(try parse("\u{FEFF}7") == .number(7))
    }

    @Test func accessorsAnswerOnlyTheirOwnKind() throws {
        let json = try parse(#"[1, "1", true, [], {}]"#).array ?? []
        #expect(json.map { $0.double != nil } == [true, false, false, false, false])
        #expect(json.map { $0.string != nil } == [false, true, false, false, false])
        #expect(json.map { $0.bool != nil } == [false, false, true, false, false])
        #expect(json.map { $0.array != nil } == [false, false, false, true, false])
        #expect(json.map { $0.members != nil } == [false, false, false, false, true])
    }

    @Test func numbersKeepTheirExactValue() throws {
        for (text, value) in [
            ("0", 0), ("-0", -0.0), ("999999999999999", 999_999_999_999_999), ("1e3", 1000), ("1E+2", 100),
            ("0.1", 0.1), ("123456789012345678", 0x1.b69b4ba630f35p56), ("2.2250738585072014e-308", 0x1p-1022),
            ("1.7976931348623157e308", Double.greatestFiniteMagnitude), ("1e-400", 0),
        ] {
            #expect(try parse(text).double?.bitPattern == value.bitPattern, "\(text)")
        }
    }

    @Test func onlyNumbersThatAreExactCountAsWhole() throws {
        #expect(try parse("9007199254740991").int == 9_007_199_254_740_991)
        // 2^53 + 1 reads as 2^53.
        #expect(try parse("9007199254740992").int == nil && (try parse("9007199254740993").int) == nil)
        #expect(try parse("-3").int == -3 && (try parse("-3").count) == nil)
        #expect(try parse("2.0").int == 2 && (try parse("2.0").count) == 2)
        #expect(try parse("2.5").int == nil && (try parse("1e300").int) == nil && (try parse("\"2\"").int) == nil)
    }

    @Test(arguments: [
        "01", "-01", "+1", "-", ".5", "1.", "1.e3", "1e", "1e+", "--1", "1.2.3", "0x10", "1e999", "-1e999", "NaN",
        "Infinity", "-Infinity", "1_000",
    ])
    func whatIsNoNumberIsRefused(_ text: String) throws {
        #expect(try failure(Array(text.utf8)).code == .corrupted)
        #expect(try failure(Array("[\(text)]".utf8)).code == .corrupted)
    }

    @Test func escapesAreDecoded() throws {
        let text = #""\"\\\/\b\f\n\r\t\u00e9\u20AC\uD83D\uDE00\u0000 plain é \ufeff""#
        #expect(
            try Array(#require(try parse(text).string).unicodeScalars)
                == Array("\"\\/\u{8}\u{C}\n\r\t\u{E9}\u{20AC}\u{1F600}\u{0} plain é \u{FEFF}".unicodeScalars))
    }

    @Test(arguments: [
        #""\x""#, #""\u12""#, #""\u12g4""#, #""\u+123""#, #""\ud800""#, #""\udc00""#, #""\ud800\n""#,
        #""\ud800\u0041""#, #""\ud800\ud800""#, #""\"#, #""abc"#, #""\u123"#, "\"a\u{1}b\"", "\"a\nb\"",
    ])
    func brokenStringsAreRefused(_ text: String) throws {
        #expect(try failure(Array(text.utf8)).code == .corrupted)
    }

    @Test(arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func bytesThatAreNotUTF8AreRefused(_ bytes: [UInt8]) throws {
        for start in ["\"", "\"\\n"] {
            #expect(try failure(Array(start.utf8) + bytes + [0x22]).message.contains("not UTF-8"))
        }
    }

    @Test func stringsKeepTheirExactScalars() throws {
        // Composed and decomposed; String takes them for equal.
        let json = try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(json["\u{E9}"]?.int == 1 && json["e\u{301}"]?.int == 2)
    }

    @Test(arguments: [0, 3, 15, 16, 17, 40])
    func aNameThatOccursTwiceIsRefused(_ others: Int) throws {
        let fill = (0..<others).map { "\"k\($0)\":0," }.joined()
        #expect(try parse("{\(fill)\"a\":1,\"b\":1}").members?.count == others + 2)
        #expect(try failure(Array("{\"a\":1,\(fill)\"a\":1}".utf8)).message.contains("'a' occurs twice"))
        #expect(try failure(Array("{\(fill)\"a\":1,\"\\u0061\":1}".utf8)).message.contains("'a' occurs twice"))
    }

    @Test func deepNestingIsRefusedAndBreadthIsNot() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try parse(nested(100)) }
        #expect(try failure(Array(nested(101).utf8)).message.contains("nested deeper than 100"))
        #expect(try failure([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)).message.contains("nested"))
        let objects = String(repeating: "{\"a\":", count: 200)
        #expect(try failure(Array(objects.utf8)).message.contains("nested"))
        #expect(try parse("[" + Array(repeating: "[[]]", count: 300).joined(separator: ",") + "]").array?.count == 300)
    }

    @Test(arguments: [
        ("", 1, 1), ("  ", 1, 3), ("[1,\n 2,\n  x]", 3, 3), ("[1\n2]", 2, 1), ("{\"a\" 1}", 1, 6), ("[1,]", 1, 4),
        ("{\"a\":1,}", 1, 8), ("[1] 2", 1, 5), ("nul", 1, 4), ("{a:1}", 1, 2), ("[\n\"a\\x\"]", 2, 4), ("[1", 1, 3),
        ("{\"a\":1,\n\"a\":2}", 2, 1), ("'a'", 1, 1), ("truefalse", 1, 5), ("[\n\n007]", 3, 1), ("[1}", 1, 3),
    ])
    func faultsNameTheirPlace(_ text: String, _ line: Int, _ byte: Int) throws {
        let error = try failure(Array(text.utf8))
        #expect(error.path == "a.json" && error.line == line && error.remedy != nil)
        #expect(error.message.hasPrefix("malformed JSON at byte \(byte) of the line: "), "\(error.message)")
    }

    @Test func noTruncationAndNoDamageCrashes() throws {
        let whole = Array(
            #"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00"],"b":{"c":{},"d":[[]]},"long":"0123456789"}"#.utf8)
        #expect(throws: Never.self) { try parse(whole) }
        for count in 0..<whole.count { _ = try failure(Array(whole[..<count])) }
        for position in whole.indices {
            for byte: UInt8 in 0...255 {
                var bytes = whole
                bytes[position] = byte
                do { _ = try parse(bytes) } catch { #expect(error is TrawlError) }
            }
        }
    }

    @Test func filesAreReadWhole() throws {
        #expect(try JSON(contentsOf: TestFiles.repository(".swift-format"))["lineLength"]?.int == 120)
        let error = #expect(throws: TrawlError.self) { try JSON(contentsOf: "/nowhere/a.json") }
        #expect(error?.code == .notFound && error?.path == "/nowhere/a.json")
    }
}
