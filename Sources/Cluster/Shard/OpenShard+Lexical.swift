import TrawlCore
import TrawlEngine
import TrawlLexicalIndex

extension OpenShard {
    private var searcher: LexicalSearcher { get throws { try index.open(LexicalPart()) } }

    private var texts: PassageTexts {
        { [documents = index.documents] id in
            let passage = try documents.passage(id)
            return (passage.title, passage.text)
        }
    }

    func frequencies(_ question: TermFrequencies) throws -> [Int] {
        try searcher.passageFrequencies(of: question.terms)
    }

    func expansions(_ question: ExpandTerm) throws -> [ExpandedTerm] {
        guard let edits = question.edits else { return try searcher.terms(beginning: question.term) }
        guard edits <= 2, let term = String(validating: question.term, as: UTF8.self) else {
            throw TrawlError(.invalidInput, "a term cannot be \(edits) edits away")
        }
        return try searcher.terms(near: term, edits: edits)
    }

    func search(_ question: SearchTerms) throws -> [[ShardHit]] {
        let (searcher, allows) = (try searcher, try allows(question.scope.conditions))
        let limit = min(question.scope.limit, searcher.passageCount)
        try require(question.queries.count, limit: limit)
        return try question.queries.map { terms in
            try hits(searcher.search(terms, question.scorer, k: limit, allows: allows))
        }
    }

    func search(_ question: SearchOperators) throws -> [ShardHit] {
        let searcher = try searcher
        return try hits(
            searcher.search(
                question.query, question.scorer, k: min(question.scope.limit, searcher.passageCount), texts: texts,
                allows: allows(question.scope.conditions)))
    }

    func allowed(_ question: AllowedPassages) throws -> [Bool]? {
        try searcher.allowed(question.query, texts: texts).map { allows in
            try question.passages.map { allows(try passage($0)) }
        }
    }

    func explanation(_ question: ExplainTerms) throws -> [TermExplanation] {
        try searcher.explain(question.terms, question.scorer, passage: passage(question.passage))
    }

    func explanation(_ question: ExplainOperators) throws -> [OperatorExplanation] {
        try searcher.explain(question.query, question.scorer, passage: passage(question.passage), texts: texts)
            .map { OperatorExplanation(explanation: $0.explanation, terms: $0.terms) }
    }

    func writtenForm(_ question: FindWrittenForm) throws -> WrittenForm? {
        try searcher.writtenForm(question.term, like: question.word, texts).map { form in
            let document = try index.documents.documentNumber(of: form.passage)
            return WrittenForm(position: try index.documents.position(ofDocument: document), text: form.text)
        }
    }
}
