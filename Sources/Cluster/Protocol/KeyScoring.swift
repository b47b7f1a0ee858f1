import TrawlCore
import TrawlGeneration

/// What the score of a passage depends on beside its n-grams: settings, and sums over all shards.
struct KeyScoring {
    let scoring: SEALScoring
    let beta: Double
    let gamma: Double
    let maximumPassages: Int
    /// Those of fitted weights; nil for SEAL's own.
    let saturation: Double?
    let passageLength: Double?
    let tokenCount: Int
    let passageCount: Int

    init(_ parameters: SEALParameters, tokenCount: Int, passageCount: Int) {
        scoring = parameters.scoring
        (beta, gamma) = (parameters.beta, parameters.gamma)
        maximumPassages = parameters.maximumPassages
        saturation = parameters.keyWeights?.saturation
        passageLength = parameters.keyWeights?.passageLength
        (self.tokenCount, self.passageCount) = (tokenCount, passageCount)
    }

    /// The parameters that a shard scores by.
    var parameters: SEALParameters {
        var parameters = SEALParameters()
        parameters.scoring = scoring
        (parameters.beta, parameters.gamma) = (beta, gamma)
        parameters.maximumPassages = maximumPassages
        if let saturation, let passageLength {
            // The weights themselves are in the query.
            parameters.keyWeights = LearnedKeyWeights(
                coefficients: [], saturation: saturation, passageLength: passageLength)
        }
        return parameters
    }
}

extension KeyScoring: ByteCodable {
    private static let kinds = SEALScoring.allCases

    init(from reader: inout ByteReader) throws(ByteFault) {
        let kind: UInt8 = try reader.next()
        guard Int(kind) < Self.kinds.count else { throw ByteFault("there is no scoring \(kind)") }
        scoring = Self.kinds[Int(kind)]
        (beta, gamma, maximumPassages, saturation, passageLength, tokenCount, passageCount) = try reader.fields()
        guard 1...Int(Int32.max) ~= maximumPassages else { throw ByteFault("\(maximumPassages) passages are too many") }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(
            UInt8(Self.kinds.firstIndex(of: scoring) ?? 0), beta, gamma, maximumPassages, saturation, passageLength,
            tokenCount, passageCount)
    }
}
