import TrawlCore

/// One way of writing about a query: bodies, titles or identifiers (the views of MINDER, arXiv 2305.16675).
struct GenerationView {
    let origin: NGramKey.Origin
    /// With `{query}` where the query goes.
    let prompt: String
    let form: BeamSearchTask.Form
    let parameters: BeamSearchParameters
    /// What the model reads behind the prompt before it writes: the mark of identifiers. The boundary before a title is
    /// what decoders start from.
    var read: [TokenID] = []

    /// What the keys of this view begin with in the corpus.
    var start: [TokenID] { form.start }

    /// The views that these parameters and prompts ask for; bodies first.
    static func all(
        of parameters: SEALParameters, prompts: SEALPrompts, encoding: GeneratorEncoding, boundary: TokenID
    ) throws -> [GenerationView] {
        var views = [GenerationView(origin: .body, prompt: prompts.body, form: .body, parameters: parameters.body)]
        let end = try encoding.text(encoding.titleEnd)
        if let title = parameters.title, let prompt = prompts.title {
            views.append(
                GenerationView(
                    origin: .title, prompt: prompt, form: .marked(start: [boundary], end: end), parameters: title))
        }
        if let identifier = parameters.identifier, let prompt = prompts.identifier {
            let mark = try encoding.text(SEALParameters.identifierMark)
            views.append(
                GenerationView(
                    origin: .identifier, prompt: prompt, form: .marked(start: mark, end: end), parameters: identifier,
                    read: mark))
        }
        return views
    }
}
