import Foundation
import Testing
import TrawlCore

@testable import TrawlEngine

@Suite struct DocumentMetadataTests {
    @Test func keysAreOrderedAndRepeatedOnesAreLists() throws {
        let metadata = DocumentMetadata([
            MetadataField(key: "z", value: "1.50", isJSON: true), MetadataField(key: "a\"", value: "x\n\u{9B}"),
            MetadataField(key: "k", value: "one"), MetadataField(key: "k", value: #"["two", 3]"#, isJSON: true),
            MetadataField(key: "k", value: "true", isJSON: true),
        ])
        #expect(metadata.json == #"{"a\"":"x\n\u009b","k":["one","two", 3,true],"z":1.50}"#)
        #expect(metadata.keys == ["a\"", "k", "z"] && metadata["z"] == "1.50" && metadata["a\""] == "x\n\u{9B}")
        #expect(metadata["k"] == #"["one","two", 3,true]"# && metadata["none"] == nil)
        #expect(metadata.values(of: "k").map(\.text) == ["one", "two", "3", "true"])
        #expect(metadata.values(of: "k").map(\.isJSON) == [false, false, true, true])
        #expect(try DocumentMetadata(stored: metadata.json) == metadata)
        #expect(try DocumentMetadata(stored: "").isEmpty && DocumentMetadata([]).isEmpty)
    }

    /// What a program calls JSON and is none, and escapes that no one has looked at yet, stay text.
    @Test(arguments: ["x", "", "[1", "1 2", #"["\x"]"#, #"{"a": "\ud800"}"#])
    func whatIsNotJSONIsText(value: String) throws {
        let metadata = DocumentMetadata([MetadataField(key: "k", value: value, isJSON: true)])
        #expect(metadata["k"] == value && metadata.values(of: "k") == [MetadataValue(value)])
        #expect(try DocumentMetadata(stored: metadata.json) == metadata)
    }

    @Test func encodersSeeNumbersListsAndObjects() throws {
        let json =
            #"{"big":1234567890123456789,"bool":false,"list":[1,"a",[]],"huge":18446744073709551615,"none":null,"o":{"x":"é"},"r":0.1,"s":"1"}"#
        let data = try JSONEncoder().encode(DocumentMetadata(stored: json))
        let read = try #require(JSONSerialization.jsonObject(with: data) as? NSDictionary)
        let expected = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? NSDictionary)
        #expect(read == expected)
        #expect(String(decoding: data, as: UTF8.self).contains("1234567890123456789"))
    }

    /// Indexes of earlier versions have numbers and lists as strings.
    @Test func olderMetadataAreRead() throws {
        let metadata = try DocumentMetadata(stored: #"{"n":"3","tags":"[\"a\"]"}"#)
        #expect(metadata["n"] == "3" && metadata["tags"] == #"["a"]"#)
        #expect(try DocumentCondition("n>=3").isMet(metadata.values(of:)))
        #expect(try DocumentCondition("n=3").isMet(metadata.values(of:)))
    }
}
