import Testing
import TrawlCore

@testable import TrawlEngine

@Suite struct DocumentConditionTests {
    @Test(arguments: [
        ("year>=1999", "year", DocumentCondition.Comparison.atLeast, "1999"),
        (" language = en ", "language", .equal, "en"), ("a!=b=c", "a", .notEqual, "b=c"), ("a<", "a", .less, ""),
        ("path<=x>y", "path", .atMost, "x>y"), ("n>-1", "n", .greater, "-1"),
    ]) func conditionsAreReadUpToTheFirstSign(
        text: String, field: String, comparison: DocumentCondition.Comparison, value: String
    ) throws {
        #expect(
            try DocumentCondition(text) == DocumentCondition(field: field, comparison: comparison, value: value))
    }

    @Test(arguments: ["", "year", "=3", " >= 4"]) func whatIsNoConditionIsRefused(text: String) {
        #expect(throws: TrawlError.self) { try DocumentCondition(text) }
    }

    @Test(arguments: [
        ("year<200", true), ("year>200", false), ("year=99.0", true), ("year!=99", false), ("year>=abc", false),
        ("date>=2024-01-31", true), ("date<2024-05-01", false), ("date<=2024-05-01", true), ("none!=x", true),
        ("name=Nan", true), ("name!=Nan", false), ("none<x", false), ("none=", false),
    ]) func numbersAreComparedAsNumbersAndOthersAsText(text: String, isMet: Bool) throws {
        let metadata = ["year": "99", "date": "2024-05-01", "name": "Nan"]
        #expect(try DocumentCondition(text).isMet(by: metadata) == isMet)
    }
}
