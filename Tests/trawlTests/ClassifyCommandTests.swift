import Foundation
import Testing
import TrawlTestSupport

/// `trawl classify` from end to end, with the real embedding model.
@Suite struct ClassifyCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            """
            label\ttext
            card\tMy card has not arrived yet.
            card\tWhen will my new card be delivered?
            card\tWhere is the card that I ordered?
            card\tThe card did not come in the post.
            rate\tWhat is the exchange rate for euros?
            rate\tHow do you set your exchange rates?
            rate\tWhy is the rate for dollars so bad today?
            rate\tWhich exchange rate was used for my payment?

            """, to: "train.tsv")
        try folder.write(
            """
            {"label": "card", "text": "I still wait for my card."}
            {"label": "rate", "text": "Your rate for pounds is bad."}
            {"label": "card", "text": "How long does delivery of a card take?"}

            """, to: "test.jsonl")
    }

    private func run(_ arguments: String..., input: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(["classify"] + arguments, input: input, folder: folder.path)
    }

    @Test func aClassifierIsTrainedUsedEvaluatedAndExtended() throws {
        let trained = try run("train", "train.tsv", "-o", "a.classifier", "--quiet")
        #expect(trained.status == 0 && trained.errors.isEmpty, "\(trained)")
        #expect(trained.output.contains("8 examples of 2 labels; vectors of all-MiniLM-L6-v2, 384 dimensions"))
        #expect(trained.output.contains("* ") && trained.output.contains("hilbert"))
        let shown = try run("show", "a.classifier")
        #expect(shown.output == trained.output)
        // What a file from elsewhere says does not reach the terminal as it is.
        let file = URL(fileURLWithPath: folder.path + "/a.classifier")
        var bytes = try Data(contentsOf: file)
        let model = try #require(bytes.range(of: Data("all-MiniLM-L6-v2".utf8)))
        bytes.replaceSubrange(model, with: Data(#"\\u001b[31mMiniL"#.utf8))
        try bytes.write(to: URL(fileURLWithPath: folder.path + "/foreign.classifier"))
        let foreign = try run("show", "foreign.classifier")
        #expect(foreign.output.contains("MiniL,") && !foreign.output.contains("\u{1B}"), "\(foreign)")

        let applied = try run(
            "apply", "a.classifier", "--explain", input: "has my card been sent\n\nwhat rate do I get\n")
        let lines = applied.output.split(separator: "\n")
        #expect(applied.status == 0 && lines.count == 9 && lines[0].hasPrefix("card\t0."), "\(applied)")
        #expect(lines[1].contains("  card  ") && lines[1].contains("(train.tsv:"))
        #expect(lines[4] == "-\t0.0000" && applied.errors.contains("1 of 3 texts are empty"))
        #expect(lines[5].hasPrefix("rate\t"))
        let json = try run("apply", "a.classifier", "test.jsonl", "--json", "-k", "2", "--threshold", "1", "--quiet")
        let objects = json.objects
        #expect(objects.count == 3 && objects[0]["label"] == nil && objects[0]["probability"] is Double, "\(json)")
        #expect((objects[0]["labels"] as? [[String: Any]])?.map { $0["label"] as? String } == ["card", "rate"])

        let scored = try run(
            "eval", "a.classifier", "test.jsonl", "--json", "--plot", "a.svg", "--threshold", "0", "--quiet")
        let scores = try #require(scored.objects.first, "\(scored)")
        #expect(
            scores["accuracy"] as? Double == 1 && scores["macro_f1"] as? Double == 1
                && scores["coverage"] as? Double == 1)
        let plot = try folder.text("a.svg")
        #expect(plot.hasPrefix("<svg ") && plot.contains("card \u{2192} card: 2 of 2"))

        // A new label, and new examples that count at once; the old file is replaced in one step.
        try folder.write("text\tlabel\nI forgot my PIN.\tpin\nHow do I change my PIN?\tpin\n", to: "more.tsv")
        let added = try run("add", "a.classifier", "more.tsv")
        #expect(added.status == 0 && added.errors.contains("added 2 examples; new label: pin"), "\(added)")
        #expect(try run("apply", "a.classifier", "--quiet", input: "my PIN is lost\n").output.hasPrefix("pin\t"))
        let fitted = try run("train", "train.tsv", "-o", "b.classifier", "--head", "ridge", "--quiet", "--json")
        #expect(fitted.objects.first?["head"] as? String == "ridge" && fitted.objects.first?["held_out"] as? Int == 8)
        #expect(try run("add", "b.classifier", "more.tsv").errors.contains("ridge was fitted again to all 10"))
    }

    @Test func aTextWithTwoLabelsIsReported() throws {
        let text = String(decoding: try folder.bytes("train.tsv"), as: UTF8.self)
        try folder.write(
            text + "rate\tMy card has not arrived yet.\nrate\tHow do you set your exchange rates?\n", to: "two.tsv")
        let trained = try run("train", "two.tsv", "-o", "two.classifier")
        #expect(trained.status == 0, "\(trained)")
        let warning = "texts with several labels: 1; the first is 'card' in line 2 and 'rate' in line 10"
        #expect(trained.errors.contains(warning), "\(trained.errors)")
    }

    @Test func trainingIsDeterministicAndOverwritesNothing() throws {
        for name in ["a", "b"] {
            let outcome = try run("train", "train.tsv", "-o", "\(name).classifier", "--quiet")
            try #require(outcome.status == 0, "\(outcome)")
        }
        #expect(try folder.bytes("a.classifier") == folder.bytes("b.classifier"))
        let again = try run("train", "train.tsv", "-o", "a.classifier", "--head", "nn")
        #expect(again.status == 2 && again.errors.contains("exists already") && again.errors.contains("--force"))
        #expect(try folder.bytes("a.classifier") == folder.bytes("b.classifier"))
        #expect(try run("train", "train.tsv", "-o", "a.classifier", "--head", "nn", "--force", "--quiet").status == 0)
    }

    @Test func theDocumentsOfAnIndexAreLabelledByTheirMetadata() throws {
        try folder.write(
            """
            {"_id": "a", "text": "The moon pulls the oceans.", "topic": "sky", "year": 1999}
            {"_id": "b", "text": "Stars shine at night.", "topic": "sky"}
            {"_id": "c", "text": "Bread is baked of flour.", "topic": "food"}
            {"_id": "d", "text": "Soup is cooked in a pot.", "topic": "food"}
            {"_id": "e", "text": "No topic."}

            """, to: "corpus.jsonl")
        for (name, build) in [("dense", "dense"), ("words", "lexical")] {
            let built = try TrawlProcess.run(
                ["index", "corpus.jsonl", "--output", "\(name).trawl", "--build", build, "--quiet"], folder: folder.path
            )
            try #require(built.status == 0, "\(built.errors)")
            let trained = try run("train", "\(name).trawl", "--label", "topic", "-o", "\(name).classifier")
            #expect(trained.status == 0 && trained.errors.contains("1 of 5 documents have no 'topic'"), "\(trained)")
            let found = try run(
                "apply", "\(name).classifier", "--explain", "--quiet", input: "the sun and the planets\n")
            #expect(found.output.hasPrefix("sky\t") && found.output.contains("(a)"), "\(found)")
            let scored = try run("eval", "\(name).classifier", "\(name).trawl", "--label", "topic", "--json", "--quiet")
            #expect(scored.objects.first?["accuracy"] as? Double == 1, "\(scored)")
        }
        let missing = try run("train", "dense.trawl", "--label", "genre", "-o", "x.classifier")
        #expect(missing.status == 2 && missing.errors.contains("no document has the field 'genre'"), "\(missing)")
        #expect(missing.errors.contains("topic, year"))
        let one = try run("train", "dense.trawl", "--label", "year", "-o", "x.classifier")
        #expect(one.status == 2 && one.errors.contains("all examples have the label '1999'"), "\(one)")
        #expect(try run("train", "dense.trawl", "--text", "t", "-o", "x.classifier").status == 64)
    }

    @Test func descriptionsClassifyWithoutExamples() throws {
        try folder.write(
            "label\tdescription\ncard\tdelivery of a card\nrate\texchange rates of money\n", to: "about.tsv")
        let trained = try run("train", "--descriptions", "about.tsv", "-o", "zero.classifier", "--quiet")
        #expect(trained.status == 0 && trained.output.contains("0 examples of 2 labels"), "\(trained)")
        let found = try run("eval", "zero.classifier", "test.jsonl", "--json", "--quiet")
        #expect(found.objects.first?["accuracy"] as? Double == 1, "\(found)")
        let few = try run(
            "train", "train.tsv", "--descriptions", "about.tsv", "-o", "few.classifier", "--head", "labels", "--quiet")
        #expect(few.status == 0 && few.output.contains("* labels"), "\(few)")
        #expect(
            try run("eval", "few.classifier", "test.jsonl", "--json", "--quiet").objects.first?["accuracy"] as? Double
                == 1)

        let more = try run("add", "zero.classifier", "train.tsv")
        #expect(more.status == 0 && more.errors.contains("has not learned from examples"), "\(more)")

        try folder.write("label\tdescription\ncards\tdelivery of a card\n", to: "about.tsv")
        let unknown = try run("train", "train.tsv", "--descriptions", "about.tsv", "-o", "x.classifier")
        #expect(unknown.status == 2 && unknown.errors.contains("about.tsv:2"), "\(unknown)")
        #expect(unknown.errors.contains("did you mean 'card'?"))
    }

    @Test func aLanguageModelWritesExamplesWhichAreKeptIfTheyHelp() throws {
        func trained(_ name: String, _ arguments: String...) throws -> TrawlProcess.Outcome {
            try TrawlProcess.run(
                ["classify", "train", "train.tsv", "-o", name, "--write-examples", "4", "--precision", "int8"]
                    + arguments, folder: folder.path)
        }
        let first = try trained("a.classifier", "--quiet", "--json")
        try #require(first.status == 0, "\(first)")
        let writing = try #require(first.objects.first?["writing"] as? [String: Any], "\(first)")
        let (written, trusted) = (writing["written"] as? Int ?? 0, writing["trusted"] as? Int ?? 9)
        // Eight examples that are all told apart leave nothing to gain.
        #expect((1...8).contains(written) && trusted <= written && writing["kept"] as? Bool == false, "\(writing)")
        #expect(first.objects.first?["examples"] as? Int == 8)
        let shown = try run("show", "a.classifier")
        #expect(shown.output.contains("written examples: \(trusted) of \(written) agree"), "\(shown)")
        #expect(shown.output.hasSuffix(": not used\n"))
        try #require(try trained("b.classifier", "--quiet").status == 0)
        #expect(try folder.bytes("a.classifier") == folder.bytes("b.classifier"))

        try folder.write("label\ttext\na\tone\nb\ttwo\n", to: "single.tsv")
        let single = try run("train", "single.tsv", "-o", "x.classifier", "--write-examples", "2")
        #expect(single.status == 2 && single.errors.contains("single.tsv: no label has two examples"), "\(single)")
        let rows = (0..<6).flatMap { label in ["l\(label)\tone \(label)\n", "l\(label)\ttwo \(label)\n"] }
        try folder.write("label\ttext\n" + rows.joined(), to: "six.tsv")
        let many = try run(
            "train", "six.tsv", "-o", "x.classifier", "--head", "kernel", "--write-examples", "1000")
        #expect(many.status == 2 && many.errors.contains("with written ones there may be 6012"), "\(many)")
        let encoder = try trained("x.classifier", "--writer", "all-MiniLM-L6-v2")
        #expect(encoder.status == 2 && encoder.errors.contains("all-MiniLM-L6-v2"), "\(encoder)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("x.classifier")))
        #expect(try run("train", "train.tsv", "-o", "x.classifier", "--write-examples", "0").status == 64)
    }

    @Test func badInputIsNamedWithItsLine() throws {
        func refused(_ text: String, _ arguments: String...) throws -> String {
            try folder.write(text, to: "bad.tsv")
            let outcome = try TrawlProcess.run(
                ["classify", "train", "bad.tsv", "-o", "x.classifier"] + arguments, folder: folder.path)
            #expect(
                outcome.status == 2 && !FileManager.default.fileExists(atPath: folder.path("x.classifier")),
                "\(outcome)")
            return outcome.errors
        }
        #expect(try refused("label\ttext\na\tone\na\ttwo\n").contains("bad.tsv: all examples have the label 'a'"))
        #expect(try refused("label\ttext\na\tone\nb\t \n").contains("bad.tsv:3: the text is empty"))
        #expect(try refused("label\ttext\na\tone\n\ttwo\n").contains("bad.tsv:3: the label is empty"))
        #expect(try refused("label\ttext\na\tone\nb\n").contains("bad.tsv:3"))
        #expect(try refused("one\ttwo\n").contains("bad.tsv:1: the first line does not name the columns"))
        #expect(try refused(#"{"label": ["a", "b"], "text": "x"}"#).contains("bad.tsv:1: the text has 2 labels"))
        #expect(try refused(#"{"label": "a", "text": "x"}"#, "--label", "kind").contains("no field 'kind'"))
        try folder.write("bytes.tsv", Array("label\ttext\na\t".utf8) + [0xFF, 10])
        #expect(
            try run("train", "bytes.tsv", "-o", "x.classifier").errors.contains(
                "bytes.tsv:2: the line is not valid UTF-8"))
        let single = try TrawlProcess.shell(
            "printf 'label\\ttext\\na\\tone\\nb\\ttwo\\n' | $TRAWL classify train - -o single.classifier",
            folder: folder.path)
        #expect(single.status == 0 && single.errors.contains("every label has one example"), "\(single)")
        #expect(try run("apply", "train.tsv", input: "x\n").errors.contains("not a classifier"))
        #expect(try run("train", "-o", "x.classifier").status == 64)
        #expect(try run("apply", "single.classifier", "--threshold", "2").status == 64)
        #expect(try run("train", "nothing", "-o", "x.classifier").status == 2)
        let labels = try run("eval", "single.classifier", "test.jsonl")
        #expect(
            labels.status == 2 && labels.errors.contains("the classifier has none of the labels; the first is 'card'"))
    }

    @Test func givenVectorsTakeThePlaceOfAModel() throws {
        let embedded = try TrawlProcess.run(
            ["embed", "test.jsonl", "--format", "npy", "--output", "test.npy", "--quiet"], folder: folder.path)
        try #require(embedded.status == 0, "\(embedded)")
        let narrow = try TrawlProcess.run(
            ["embed", "test.jsonl", "--format", "npy", "--dimensions", "8", "--output", "narrow.npy", "--quiet"],
            folder: folder.path)
        try #require(narrow.status == 0, "\(narrow)")
        let trained = try run("train", "test.jsonl", "--vectors", "test.npy", "-o", "v.classifier", "--quiet")
        #expect(trained.status == 0 && trained.output.contains("vectors of a file, 384 dimensions"), "\(trained)")
        let found = try run("apply", "v.classifier", "test.jsonl", "--vectors", "test.npy", "--quiet")
        #expect(found.output.split(separator: "\n").map { $0.prefix(4) } == ["card", "rate", "card"], "\(found)")
        let other = try run("apply", "v.classifier", "test.jsonl", "--vectors", "narrow.npy")
        #expect(
            other.status == 2 && other.errors.contains("narrow.npy") && other.errors.contains("8 dimensions"),
            "\(other)")
        let without = try run("apply", "v.classifier", "test.jsonl")
        #expect(without.status == 2 && without.errors.contains("no model is known"), "\(without)")
        let count = try run("train", "train.tsv", "--vectors", "test.npy", "-o", "x.classifier")
        #expect(count.status == 2 && count.errors.contains("holds 3 vectors, train.tsv has 8 texts"), "\(count)")
    }
}
