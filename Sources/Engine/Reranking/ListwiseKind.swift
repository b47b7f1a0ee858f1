import TrawlCore
import TrawlModels
import TrawlReranking
import TrawlTokenizers

/// A language model that writes lists of passages in their order.
struct ListwiseKind: RerankerKind {
    let name = "listwise"

    func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker {
        let model = try LanguageModel(settings, models: models)
        let tokenizer = model.tokenizer
        let ends = Set([model.decoder.endToken, tokenizer.eosID, tokenizer.id(of: "<|im_end|>")].compactMap { $0 })
        let ranker = try ListwiseRanker(
            session: model.decoder.makeSession(), frame: model.isChat ? .chat : ListwiseRanker.Frame(),
            start: tokenizer.startOfText, isEnd: { ends.contains($0) }, encode: model.encode,
            decode: { tokenizer.decode($0) })
        return ListReranker(ranker: ranker, model: model.name)
    }
}

/// Reranks by lists of passages. A passage's score is the number of those that it is not below.
private struct ListReranker: Reranker {
    let ranker: ListwiseRanker
    let model: String

    func rerank(_ ranking: Ranking, query: String, documents: any SearchedDocuments) throws -> Reranked {
        let order = try ranker.order(
            query: query, passages: ranking.map { try documents.passage($0.passage).content })
        var notes: [String] = []
        if order.cutCount > 0 {
            notes.append("\(model) did not read \(order.cutCount) of \(ranking.count) passages to the end")
        }
        if order.repairedCount > 0 {
            notes.append(
                "\(order.repairedCount) of \(order.windowCount) lists that \(model) wrote were not complete; passages that "
                    + "they left out keep their order after the others")
        }
        return Reranked(
            Ranking(
                order.passages.enumerated().map { rank, index in
                    ScoredPassage(ranking[index].passage, Float(ranking.count - rank))
                }), notes: notes)
    }
}
