/// The Unicode normalisation forms (UAX 15), with an account of which scalar came from which.
enum NormalizationForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    private var isCompatible: Bool { self == .nfkc || self == .nfkd }
    private var composes: Bool { self == .nfc || self == .nfkc }

    func apply(to text: inout AlignedText) {
        let changes = text.bytes.withUnsafeBufferPointer { bytes -> [AlignedText.Change]? in
            // Nothing below is changed: U+0300 is the first scalar that composes.
            let limit: UInt32 = self == .nfc ? 0x300 : 0x80
            var position = 0
            while position < bytes.count {
                let (scalar, width) = UTF8Text.decode(bytes, position)
                if scalar >= limit { break }
                position += width
            }
            return position >= bytes.count ? nil : composes ? compose(decompose(bytes)) : decompose(bytes)
        }
        if let changes { text.transform(changes) }
    }

    private func decompose(_ bytes: UnsafeBufferPointer<UInt8>) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        result.reserveCapacity(bytes.count)
        var unsorted = 0
        var position = 0
        // Marks are sorted, stably, by their class; scalars of class 0 stay and part the runs.
        func sortMarks(until end: Int) {
            guard end - unsorted > 1 else { return }
            let marks = result[unsorted..<end].enumerated().map {
                (class: DecompositionTables.combiningClass($1.scalar), offset: $0, change: $1)
            }
            let sorted = marks.sorted { ($0.class, $0.offset) < ($1.class, $1.offset) }
            for (index, mark) in sorted.enumerated() { result[unsorted + index] = mark.change }
        }
        while position < bytes.count {
            let (scalar, width) = UTF8Text.decode(bytes, position)
            position += width
            var change: Int32 = 0
            DecompositionTables.forEach(scalar, compatible: isCompatible) { part in
                result.append(.init(scalar: part, change: change))
                change = 1
                guard DecompositionTables.combiningClass(part) == 0 else { return }
                sortMarks(until: result.count - 1)
                unsorted = result.count
            }
        }
        sortMarks(until: result.count)
        return result
    }

    private func compose(_ changes: [AlignedText.Change]) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        result.reserveCapacity(changes.count)
        var starter = -1
        var lastClass: UInt8?
        for change in changes {
            let ccc = DecompositionTables.combiningClass(change.scalar)
            if starter >= 0, lastClass.map({ $0 < ccc }) ?? true,
                let composed = DecompositionTables.compose(result[starter].scalar, change.scalar)
            {
                result[starter].scalar = composed
                result[starter].change += change.change - 1
                continue
            }
            result.append(change)
            if ccc == 0 {
                starter = result.count - 1
                lastClass = nil
            } else if starter >= 0 {
                lastClass = ccc
            }
        }
        return result
    }
}
