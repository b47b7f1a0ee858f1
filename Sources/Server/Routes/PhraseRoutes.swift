import HTTPTypes
import Hummingbird
import TrawlCore
import TrawlEngine

/// The corpus as n-grams: counts, occurrences, what follows, and what the generator writes.
struct PhraseRoutes: Routes {
    let services: Services

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/ngrams/count") { request, context in
            let wanted = try PhraseRequest(await services.object(of: request), services.indexes, lists: false)
            return try .json(
                await services.work.run(for: services.ticket(context)) {
                    try wanted.index.phrases { try $0.count(wanted.query, named: wanted.phrase, wanted.options) }
                })
        }
        table.on(.post, "/v1/ngrams/find") { request, context in
            let wanted = try PhraseRequest(await services.object(of: request), services.indexes, lists: true)
            return try .json(
                await services.work.run(for: services.ticket(context)) {
                    try wanted.index.phrases { try $0.find(wanted.query, named: wanted.phrase, wanted.options) }
                })
        }
        table.on(.post, "/v1/ngrams/next") { request, context in
            let wanted = try NextRequest(await services.object(of: request), services.indexes)
            let ticket = services.ticket(context)
            if let text = wanted.text {
                return try .json(
                    await services.work.run(for: ticket) {
                        try wanted.index.phrases { try $0.probabilities(of: text, after: wanted.context) }
                    })
            }
            return try .json(
                await services.work.run(for: ticket) {
                    try wanted.index.phrases { try $0.predict(after: wanted.context, limit: wanted.limit) }
                })
        }
        table.on(.post, "/v1/generate-ngrams") { request, context in
            let wanted = try GenerateRequest(await services.object(of: request), services.indexes)
            let models = services.engine.models
            let keys = try await services.work.run(for: services.ticket(context)) {
                let index = try wanted.index.current()
                return try NGramWriter(index: index, settings: index.settings.generative, models: models)
                    .write(wanted.query, limit: wanted.limit, documentLimit: wanted.documents)
            }
            return try .json(["ngrams": keys])
        }
    }
}
