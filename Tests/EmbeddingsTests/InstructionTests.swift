import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEmbeddings

@Suite struct InstructionTests {
    private let examples = [
        InstructionExample(query: "q1", passage: "p1"), InstructionExample(query: "q2", passage: "p2"),
    ]

    /// The strings of the models' own cards.
    @Test(arguments: [
        (InstructionTemplate.e5Instruct, "Instruct: Find it\nQuery: tides", "the text"),
        (.qwen3, "Instruct: Find it\nQuery:tides", "the text"),
        (.bgeICL, "<instruct>Find it\n<query>tides\n<response>", "the text"),
        (.anna, "Instruct: Find it\nQuery: tides", "the text"),
        (.instructor, "Find ittides", "Represent the document for retrieval: the text"),
        (.nomic, "search_query: tides", "search_document: the text"),
        (.e5, "query: tides", "passage: the text"),
        (.bge, "Represent this sentence for searching relevant passages: tides", "the text"),
    ]) func queriesAndPassagesArePutAsPublished(template: InstructionTemplate, query: String, passage: String) {
        #expect(template.query(instruction: "Find it").around("tides") == query)
        #expect(template.passage.around("the text") == passage)
    }

    @Test func examplesStandBeforeTheQueryAndEndInABlankLine() {
        #expect(
            InstructionTemplate.bgeICL.query(instruction: "T", examples: examples).around("q") == """
                <instruct>T
                <query>q1
                <response>p1

                <instruct>T
                <query>q2
                <response>p2

                <instruct>T
                <query>q
                <response>
                """)
        #expect(
            InstructionTemplate.anna.query(instruction: "T", examples: [examples[0]]).around("q")
                == "Instruct: T\nQuery: q1\nResponse: p1\n\nInstruct: T\nQuery: q")
    }

    @Test(arguments: [
        ("intfloat/e5-mistral-7b-instruct", InstructionTemplate.e5Instruct),
        ("multilingual-e5-large-instruct", .e5Instruct), ("Qwen/Qwen3-Embedding-0.6B", .qwen3),
        ("BAAI/bge-en-icl", .bgeICL), ("LGAI-Embedding-Preview", .anna), ("hkunlp/instructor-large", .instructor),
        ("nomic-ai/nomic-embed-text-v1.5", .nomic), ("e5-small-v2", .e5), ("multilingual-e5-base", .e5),
        ("bge-small-en-v1.5", .bge),
    ]) func publishedNamesTellTheTemplate(name: String, template: InstructionTemplate) {
        #expect(InstructionTemplate(modelName: name) == template)
    }

    @Test(arguments: ["all-MiniLM-L6-v2", "bge-m3", "one5", "Qwen3-0.6B", "nomic-bert-2048"])
    func otherNamesTellNone(name: String) {
        #expect(InstructionTemplate(modelName: name) == nil)
    }

    /// The prompts of config_sentence_transformers.json: `query` is an instruction in Qwen3's form there.
    @Test func theModelsOwnPromptsRuleAndTheirFormTakesInstructions() throws {
        let embedder = try TextEmbedder(folder: TestFiles.golden("tiny-mistral"))
        #expect(embedder.template == .e5Instruct)
        #expect(try embedder.prompt(for: .query).prefix == "Instruct: find what answers\nQuery: ")
        #expect(try embedder.prompt(for: .passage).prefix.isEmpty)
        #expect(try embedder.prompt(for: .query, instruction: "T").prefix == "Instruct: T\nQuery: ")
        #expect(throws: TrawlError.self) { try embedder.prompt(for: .query, examples: examples) }
        #expect(throws: TrawlError.self) { try embedder.prompt(for: .passage, instruction: "T") }
    }

    /// Passages are embedded with it, so that an index must notice.
    @Test func thePromptOfPassagesIsPartOfTheDigest() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("tiny-qwen3"))
        let digest = try TextEmbedder(folder: copy.path).digest
        try copy.edit("config_sentence_transformers.json", "\"document\": \"\"", "\"document\": \"text: \"")
        #expect(try TextEmbedder(folder: copy.path).digest != digest)
    }

    @Test func aFolderCalledByAPublishedNameTakesItsTemplate() throws {
        let folder = try TemporaryFolder()
        try folder.copy(TestFiles.golden("tiny-qwen3"), to: "bge-en-icl")
        try folder.remove("bge-en-icl/config_sentence_transformers.json")
        let embedder = try TextEmbedder(folder: folder.path("bge-en-icl"))
        let prompt = try embedder.prompt(for: .query, instruction: "T", examples: examples)
        let whole = try embedder.embed([prompt.around("where?")], prompt: "")
        // The examples are computed once and shared; the answers are those of the whole text.
        let shared = try embedder.embed(["where?"], in: prompt)
        let again = try embedder.embed(["when?", "where?"], in: prompt)
        #expect(zip(whole[0], shared[0]).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(zip(whole[0], again[1]).allSatisfy { abs($0 - $1) < 1e-5 })
    }
}
