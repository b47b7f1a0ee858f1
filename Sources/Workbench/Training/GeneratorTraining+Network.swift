import TrawlCore
import TrawlModels
import TrawlTokenizers
import TrawlTraining

extension GeneratorTraining {
    /// The settings, with those that depend on the kind of model.
    func settings(beginningWith model: ModelFolder) -> (TrainingSettings, GeneratorObjective.Settings) {
        var (training, objective) = (training, objective)
        guard model.isDecoder else { return (training, objective) }
        var adapter = LowRankSettings()
        if let rank { (adapter.rank, adapter.alpha) = (rank, 2 * Float(rank)) }
        objective.adapter = adapter
        training.microBatch = DecoderNetwork.microBatch
        return (training, objective)
    }

    /// The network that is trained: a decoder with adapters, or an encoder-decoder.
    func network(
        beginningWith model: ModelFolder, _ tokenizer: Tokenizer, _ settings: GeneratorObjective.Settings
    ) throws -> any GeneratorNetwork {
        if let adapter = settings.adapter {
            guard settings.rates.encoderLayers == 0 else {
                throw TrawlError(
                    .invalidInput, "\(model.architectureName) has no encoder, whose layers could be trained",
                    path: model.path,
                    remedy: "leave out the number of encoder layers")
            }
            guard settings.rates.decoderInterval == 1, settings.rates.encoderInterval == 1 else {
                throw TrawlError(
                    .invalidInput,
                    "\(model.architectureName) is trained through adapters, which are updated at every step",
                    path: model.path, remedy: "leave out the intervals")
            }
            let network = try DecoderNetwork(model, settings: adapter, seed: training.seed)
            guard rank == nil || network.settings.rank == rank else {
                throw TrawlError(
                    .invalidInput, "the adapters that training begins with have the rank \(network.settings.rank)",
                    path: model.path, remedy: "leave out the rank, or begin with the decoder itself")
            }
            return network
        }
        guard rank == nil else {
            throw TrawlError(
                .invalidInput, "\(model.architectureName) gets no adapters, which have a rank", path: model.path,
                remedy: "leave out the rank, or begin with a decoder such as smollm2-135m-instruct")
        }
        guard let startToken = tokenizer.clsID, let endToken = tokenizer.sepID else {
            throw TrawlError(
                .unsupported, "the tokenizer has no tokens around a text ([CLS], [SEP])", path: model.path,
                remedy: "begin with a BERT encoder, a generator made of one, or a decoder")
        }
        return try EncoderDecoderNetwork(model, rates: settings.rates, startToken: startToken, endToken: endToken)
    }
}
