import TrawlCore

/// The objects of a JSON file of any size, one at a time: the elements of one array, the members of one object whose
/// first value is an object, or objects that follow one another. Finds only where each object begins and ends; the
/// scanner that reads the object checks its grammar.
final class JSONValueStream {
    private enum Shape { case unknown, array, members, sequence, finished }

    private let source: ByteSource
    private let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 16)
    private var position = 0
    private var end = 0
    private var line = 1
    private var firstLine = 1
    private var shape = Shape.unknown
    private var atFirst = true
    private var object: [UInt8] = []
    private var firstKey: String?
    private var keyBytes: [UInt8] = []

    init(_ source: ByteSource) { self.source = source }

    deinit { chunk.deallocate() }

    /// Gives the next object, the line where it begins and its key in the enclosing object to `body`; nil at the end.
    func withNextObject<R>(_ body: (UnsafeBufferPointer<UInt8>, Int, String?) throws -> R) throws -> R? {
        object.removeAll(keepingCapacity: true)
        var key: String?
        var start = line
        if shape == .unknown { try open() }
        switch shape {
        case .unknown, .finished: return nil
        case .sequence:
            if object.isEmpty {
                guard let byte = try skipSpace() else { return nil }
                start = line
                guard byte == UInt8(ascii: "{") else { throw fault("an object {…} was expected") }
                try takeObject(depth: 0)
            } else {
                // `open` has taken the head of the first object.
                start = firstLine
                try takeObject(depth: 1)
            }
        case .array, .members:
            guard try nextMember(close: UInt8(ascii: shape == .array ? "]" : "}")) else { return nil }
            if shape == .members { key = try takeKey() }
            start = line
            guard try skipSpace() == UInt8(ascii: "{") else { throw fault("an object {…} was expected") }
            start = line
            try takeObject(depth: 0)
        }
        return try object.withUnsafeBufferPointer { try body($0, start, key) }
    }

    /// Reads as far as is needed to tell the shape. For an object that is itself a document, what was read stays in
    /// `object`; for members, the first key stays in `firstKey`.
    private func open() throws {
        if try source.peek(3).elementsEqual([0xEF, 0xBB, 0xBF]) { for _ in 0..<3 { _ = try take() } }
        guard let first = try skipSpace() else {
            shape = .finished
            return
        }
        switch first {
        case UInt8(ascii: "["):
            _ = try take()
            shape = .array
        case UInt8(ascii: "{"):
            _ = try take()
            object.append(first)
            shape = .sequence
            firstLine = line
            guard try skipSpace() == UInt8(ascii: "\"") else { return }
            let key = try takeKey()
            if try skipSpace() == UInt8(ascii: "{") {
                shape = .members
                firstKey = key
            } else {
                object += keyBytes
                object.append(UInt8(ascii: ":"))
                // The scanner counts lines in what it is given.
                object.append(contentsOf: repeatElement(10, count: line - firstLine))
            }
        default: throw fault("a JSON file begins with [ or {")
        }
    }

    /// Stops before the next member; false when the container has been closed and nothing follows.
    private func nextMember(close: UInt8) throws -> Bool {
        if firstKey != nil { object.removeAll(keepingCapacity: true) }
        defer { atFirst = false }
        if firstKey != nil { return true }
        guard var byte = try skipSpace() else { throw truncated() }
        if !atFirst, byte == UInt8(ascii: ",") {
            _ = try take()
            guard let after = try skipSpace() else { throw truncated() }
            if after != close { return true }
            throw fault("a comma stands before the end")
        }
        if byte == close {
            _ = try take()
            shape = .finished
            if let extra = try skipSpace() {
                byte = extra
                throw fault("something follows the end of the JSON value")
            }
            return false
        }
        if atFirst { return true }
        throw fault("a comma was expected")
    }

    /// Takes a key with its colon. The quoted bytes stay in `keyBytes`.
    private func takeKey() throws -> String {
        if let key = firstKey {
            firstKey = nil
            return key
        }
        guard try skipSpace() == UInt8(ascii: "\"") else { throw fault("a key in quotes was expected") }
        keyBytes = [UInt8(ascii: "\"")]
        _ = try take()
        var escaped = false
        while true {
            guard let byte = try take() else { throw truncated() }
            keyBytes.append(byte)
            if keyBytes.count > 1 << 16 { throw fault("a key is longer than 64 KiB") }
            if escaped {
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "\"") {
                break
            }
        }
        guard try skipSpace() == UInt8(ascii: ":") else { throw fault("a colon was expected after the key") }
        _ = try take()
        return try keyBytes.withUnsafeBufferPointer { bytes in
            try requireUTF8(bytes, path: source.name, firstLine: line)
            do {
                let hasEscapes = bytes.contains(UInt8(ascii: "\\"))
                return try JSONScanner(bytes).string(1..<bytes.count - 1, hasEscapes: hasEscapes)
            } catch let error as JSONFault {
                throw fault(error.message)
            }
        }
    }

    /// Appends to `object` up to the brace that closes it; `depth` braces are open already.
    private func takeObject(depth: Int) throws {
        var depth = depth
        var inString = false
        var escaped = false
        while true {
            guard try hasByte() else { throw truncated() }
            let start = position
            var closed = false
            scan: while position < end {
                let byte = chunk[position]
                position += 1
                if byte == 10 { line += 1 }
                if inString {
                    if escaped {
                        escaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        escaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        inString = false
                    }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): inString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth <= 0 {
                        closed = true
                        break scan
                    }
                default: break
                }
            }
            object.append(contentsOf: chunk[start..<position])
            if closed { return }
            if object.count > maximumRecordBytes { throw recordTooLong("an object", path: source.name, line: line) }
        }
    }

    // MARK: - Bytes

    private func hasByte() throws -> Bool {
        if position < end { return true }
        position = 0
        end = try source.read(into: UnsafeMutableRawBufferPointer(chunk))
        return end > 0
    }

    private func take() throws -> UInt8? {
        guard try hasByte() else { return nil }
        defer { position += 1 }
        if chunk[position] == 10 { line += 1 }
        return chunk[position]
    }

    /// The next byte that is not white space, which stays to be taken.
    private func skipSpace() throws -> UInt8? {
        while try hasByte() {
            switch chunk[position] {
            case 0x20, 0x09, 0x0D: position += 1
            case 0x0A:
                position += 1
                line += 1
            default: return chunk[position]
            }
        }
        return nil
    }

    private func fault(_ message: String) -> TrawlError {
        TrawlError(
            .invalidInput, "malformed JSON: \(message)", path: source.name, line: line,
            remedy: "correct the JSON; the file holds an array of objects or an object of key to object")
    }

    private func truncated() -> TrawlError {
        TrawlError(
            .corrupted, "malformed JSON: the file ends in the middle", path: source.name, line: line,
            remedy: "download or write the file again")
    }
}
