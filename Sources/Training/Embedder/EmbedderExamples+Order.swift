public import TrawlCore

/// Drawing queries by the angle concentration of their relevant passages.
extension EmbedderExamples {
    /// Each query that can be drawn with the first of its relevant passages, by collection.
    public var relevantPairs: [[(query: [TokenID], passage: [TokenID])]] {
        zip(collections, queries).map { collection, choices in
            choices.map { choice in
                let judged = collection.queries[choice.query]
                return (judged.tokens, collection.passages[judged.ranking[choice.relevant[0]].passage])
            }
        }
    }

    /// Draws queries by the angle concentration of `relevantPairs` from now on, with a window that moves as the model learns.
    public mutating func order(by concentrations: [[Double]]) {
        precondition(concentrations.map(\.count) == queries.map(\.count), "one value per pair")
        windows = concentrations.map { ConcentrationWindow($0, draws: settings.queriesPerStep) }
    }

    /// Where the windows are; nil without any.
    var windowStates: [ConcentrationWindow.State]? {
        get { windows.isEmpty ? nil : windows.map(\.state) }
        set { for (index, state) in (newValue ?? []).enumerated() { windows[index].state = state } }
    }

    /// Takes note of how many queries of a batch have their relevant passage among the best of the step.
    mutating func record(_ batch: Batch, solved: Int) {
        if !windows.isEmpty { windows[batch.collection].record(batch.queries, solved: solved) }
    }
}
