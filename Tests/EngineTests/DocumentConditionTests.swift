import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEngine

/// What conditions mean; `DocumentConditionParserTests` has how they are written.
@Suite struct DocumentConditionTests {
    static let metadata = DocumentMetadata([
        MetadataField(key: "year", value: "99", isJSON: true), MetadataField(key: "date", value: "2024-05-01"),
        MetadataField(key: "name", value: "Nan"), MetadataField(key: "zip", value: "00501"),
        MetadataField(key: "version", value: "1.10"), MetadataField(key: "price", value: "1.50", isJSON: true),
        MetadataField(key: "post", value: "1234567890123456789", isJSON: true),
        MetadataField(key: "tags", value: #"["x", "y z", 7]"#, isJSON: true),
        MetadataField(key: "lang", value: "de"), MetadataField(key: "lang", value: "fr"),
        MetadataField(key: "draft", value: "false", isJSON: true),
        MetadataField(key: "modified", value: "2024-05-01T23:30:00-02:00"),
        MetadataField(key: "none", value: "[]", isJSON: true), MetadataField(key: "count", value: "1000"),
        MetadataField(key: "founded", value: "1999"), MetadataField(key: "blank", value: ""),
    ])

    private func isMet(_ text: String) throws -> Bool {
        try DocumentCondition(text).isMet(Self.metadata.values(of:))
    }

    @Test(arguments: [
        ("year<200", true), ("year>200", false), ("year=99.0", true), ("year!=99", false), ("year>=abc", false),
        ("year=\"99\"", true), ("year=\"99.0\"", false), ("price=1.5", true), ("price=1.50", true),
        ("price<1.6", true), ("price>1", true), ("price=15e-1", true), ("price>-3", true),
        ("count>999", true), ("count<1e3", false), ("count<=1e3", true), ("count=1000", true),
        // Exact at 64 bits and beyond, also against decimals.
        ("post=1234567890123456789", true), ("post=1234567890123456788", false), ("post>1234567890123456788", true),
        ("post<1234567890123456789.5", true), ("post>1234567890123456788.99", true),
        ("post=1234567890123456789.0", true), ("post<99999999999999999999999", true),
        // What is not a number has no order among numbers.
        ("name>5", false), ("name<5", false), ("name!=5", true),
    ]) func numbersAreComparedExactly(text: String, expected: Bool) throws { #expect(try isMet(text) == expected) }

    @Test(arguments: [
        ("zip=00501", true), ("zip=501", false), ("zip!=501", true), ("zip<600", false), ("zip<\"00600\"", true),
        ("zip IN (501, 00501)", true), ("zip IN (501)", false), ("version=1.1", false), ("version=1.10", true),
        ("name=Nan", true), ("name!=Nan", false), ("name=nan", false), ("name^=Na", true), ("name ^= an", false),
        ("zip^=005", true), ("year^=9", true), ("name>Mz", true), ("name<=Nan", true), ("blank=\"\"", true),
        ("draft=false", true), ("draft=true", false),
    ]) func stringsAreComparedAsText(text: String, expected: Bool) throws { #expect(try isMet(text) == expected) }

    @Test(arguments: [
        ("date>=2024-01-31", true), ("date<2024-05-01", false), ("date<=2024-05-01", true), ("date=2024-05", true),
        ("date=2024", true), ("date>2024-05", false), ("date>=2024-05", true), ("date<=2024-05", true),
        ("date<2024-06", true), ("date>2024-04", true), ("date>=2024", true), ("date<2025", true),
        ("date=2024-06", false),
        ("date=2024-05-01T00", false), ("date>=2024-05-01T00:00", true), ("date>2024-04-30T23:59:59.999Z", true),
        // 01:30 of the second of May in UTC.
        ("modified=2024-05-02", true), ("modified>2024-05-01", true), ("modified=2024-05-02T01:30", true),
        ("modified=2024-05-02T03:30:00+02:00", true), ("modified<2024-05-02T01:30:00.001", true),
        ("modified=\"2024-05-02\"", false), ("modified^=2024-05-01", true),
        ("founded<2000-02", true), ("founded>=1999", true), ("founded=1999", true),
    ]) func datesAreComparedAsPointsInTime(text: String, expected: Bool) throws {
        #expect(try isMet(text) == expected)
    }

    @Test(arguments: [
        ("tags=x", true), ("tags=y z", true), ("tags=7", true), ("tags=y", false), ("tags!=x", false),
        ("tags!=w", true), ("tags>6", true), ("lang=de", true), ("lang=fr", true), ("lang=en", false),
        ("lang IN (en, fr)", true), ("lang NOT IN (en, fr)", false), ("lang NOT IN (en)", true),
        ("none=x", false), ("EXISTS none", false), ("EXISTS tags", true),
    ]) func aKeyWithSeveralValuesMeetsWhatOneOfThemDoes(text: String, expected: Bool) throws {
        #expect(try isMet(text) == expected)
    }

    @Test(arguments: [
        ("missing!=x", true), ("missing<x", false), ("missing=\"\"", false), ("missing^=\"\"", false),
        ("missing IN (x)", false), ("missing NOT IN (x)", true), ("EXISTS missing", false), ("missing", false),
        ("NOT missing", true), ("year", true), ("blank", true),
        ("year=1 OR year=99", true), ("year=1 OR NOT year=1", true), ("year=99 AND name=x", false),
        ("year=1 AND name=x OR zip=00501", true), ("year=1 AND (name=x OR zip=00501)", false),
        ("NOT (year=1 OR name=x)", true), ("NOT year=1 AND name=Nan", true), ("NOT NOT year=99", true),
    ]) func expressionsJoinConditions(text: String, expected: Bool) throws { #expect(try isMet(text) == expected) }

    /// Random expressions, read from their text, against an evaluation that knows nothing of texts.
    @Test func randomExpressionsMeanWhatTheyAreMadeOf() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            let made = RandomCondition.make(depth: 3, &random)
            let condition = try DocumentCondition(made.text)
            for _ in 0..<5 {
                let document = RandomCondition.document(&random)
                let values = { (key: String) in (document[key] ?? []).map { MetadataValue("\($0)", isJSON: true) } }
                #expect(condition.isMet(values) == made.isMet(document), "\(made.text) \(document)")
                #expect(try DocumentCondition(condition.description).isMet(values) == made.isMet(document))
            }
            #expect(try DocumentCondition(condition.description) == condition, "\(made.text)")
        }
    }
}

/// A random expression over whole numbers.
private struct RandomCondition {
    let text: String
    let isMet: ([String: [Int]]) -> Bool

    private static let keys = ["a", "b", "c d"]

    static func document(_ random: inout SplitMix64) -> [String: [Int]] {
        var document: [String: [Int]] = [:]
        for key in keys where random.below(3) > 0 {
            document[key] = (0..<(1 + random.below(2))).map { _ in random.below(5) - 2 }
        }
        return document
    }

    static func make(depth: Int, _ random: inout SplitMix64) -> RandomCondition {
        guard depth > 0, random.below(4) > 0 else { return leaf(&random) }
        let parts = (0..<(2 + random.below(2))).map { _ in make(depth: depth - 1, &random) }
        let space = random.below(2) == 0 ? " " : "  "
        switch random.below(3) {
        case 0: return RandomCondition(text: "NOT(\(parts[0].text))") { !parts[0].isMet($0) }
        case 1:
            return RandomCondition(text: parts.map { "(\($0.text))" }.joined(separator: space + "AND ")) { document in
                !parts.contains { !$0.isMet(document) }
            }
        default:
            return RandomCondition(text: parts.map { "( \($0.text) )" }.joined(separator: " OR" + space)) { document in
                parts.contains { $0.isMet(document) }
            }
        }
    }

    private static func leaf(_ random: inout SplitMix64) -> RandomCondition {
        let key = keys[random.below(keys.count)]
        let spelt = key.contains(" ") || random.below(4) == 0 ? "\"\(key)\"" : key
        let value = random.below(5) - 2
        let number = ["\(value)", "\(value).0", "\(value)e0"][random.below(3)]
        func comparison(_ sign: String, _ holds: @escaping (Int) -> Bool) -> RandomCondition {
            let space = random.below(2) == 0 ? "" : " "
            return RandomCondition(text: spelt + space + sign + space + number) { document in
                document[key, default: []].contains(where: holds)
            }
        }
        switch random.below(9) {
        case 0: return comparison("=") { $0 == value }
        case 1: return comparison("<") { $0 < value }
        case 2: return comparison("<=") { $0 <= value }
        case 3: return comparison(">") { $0 > value }
        case 4: return comparison(">=") { $0 >= value }
        case 5:
            return RandomCondition(text: "\(spelt)!=\(number)") { document in
                !document[key, default: []].contains(value)
            }
        case 6: return RandomCondition(text: "EXISTS \(spelt)") { $0[key] != nil }
        case 7: return RandomCondition(text: spelt) { $0[key] != nil }
        default:
            return RandomCondition(text: "\(spelt) IN (\(number), 1)") { document in
                document[key, default: []].contains { $0 == value || $0 == 1 }
            }
        }
    }
}
