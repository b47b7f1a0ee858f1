public import TrawlModels
internal import TrawlTensors

extension EncoderDecoderNetwork {
    /// Writes the network in the layout that transformers' `EncoderDecoderModel` loads: config.json, model.safetensors and the
    /// files of the tokenizer. A compact folder leaves out every tensor whose values its base has, and the tokenizer.
    ///
    /// - Parameter model: Where the tokenizer is.
    /// - Throws: `TrawlError.io` or `.full` when the folder cannot be written; `.incompatible` for weights that are not finite.
    public func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws {
        try folder.create()
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        for parameter in parameters
        where try !folder.base.hasValues(of: parameter, named: BertPairNames.nameInBase(parameter.name)) {
            writer.add(parameter.name, shape: parameter.shape, parameter.values, as: folder.storage)
        }
        // Shared words are one parameter, which the decoder reads under a name of its own.
        let name = BertPairNames.decoderPrefix + BertNames.words + ".weight"
        if let words = sharedWords, try !folder.base.hasValues(of: words, named: BertPairNames.nameInBase(words.name)) {
            writer.add(name, shape: words.shape, words.values, as: folder.storage)
        }
        try writer.write(to: folder.path + "/model.safetensors")
        try folder.writeConfiguration(configuration.bertPairMembers)
        try folder.writeTokenizer(of: model)
        folder.remove(["key_weights.json"])
    }
}
