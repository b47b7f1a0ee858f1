import Foundation
import TrawlCore

/// Refuses bytes that are not UTF-8. The bytes begin at the start of line `firstLine` of the file.
func requireUTF8(_ bytes: UnsafeBufferPointer<UInt8>, path: String, firstLine: Int) throws {
    do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: bytes.span)
    } catch {
        let offset = error.byteOffsets.lowerBound
        let place = LinePlace(of: offset, in: bytes, firstLine: firstLine)
        throw TrawlError(
            .invalidInput, "is not UTF-8: byte \(place.column) of the line is \(hexadecimal(bytes[offset]))",
            path: path,
            line: place.line, remedy: "convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8")
    }
}

/// Where an offset falls, in lines and bytes.
struct LinePlace {
    let line: Int
    /// In bytes, counted from 1.
    let column: Int

    init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>, firstLine: Int) {
        let before = bytes[..<min(offset, bytes.count)]
        line = firstLine + before.count { $0 == 10 }
        column = offset - (before.lastIndex(of: 10) ?? -1)
    }
}

func hexadecimal(_ byte: UInt8) -> String {
    "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}

/// What every title, text and query goes through: Unicode NFC, CR LF to LF, and control characters below U+0020 other
/// than tab and newline to spaces. All else stays as it is.
///
/// - Complexity: O(n), one pass over the bytes and no copy when there is nothing to do.
package func cleaned(_ text: String) -> String {
    var text = text
    let (hasControls, mayNeedNormalising) = text.withUTF8 { survey($0) }
    if hasControls { text = replacingControls(in: text) }
    return mayNeedNormalising ? sortingLongMarks(in: text).precomposedStringWithCanonicalMapping : text
}

/// The text with long runs of combining marks in canonical order. Normalisation puts them in this order too, but in time quadratic
/// in the length of a run.
private func sortingLongMarks(in text: String) -> String {
    let longest = 64
    var (run, isLong) = (0, false)
    for scalar in text.unicodeScalars {
        run = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : run + 1
        if run > longest {
            isLong = true
            break
        }
    }
    guard isLong else { return text }
    var result = String.UnicodeScalarView()
    var marks: [(scalar: Unicode.Scalar, combiningClass: UInt8)] = []
    func flush() {
        // Stable: marks of one class keep their order.
        marks.sort { $0.combiningClass < $1.combiningClass }
        result.append(contentsOf: marks.lazy.map(\.scalar))
        marks.removeAll(keepingCapacity: true)
    }
    for scalar in text.unicodeScalars {
        let combiningClass = scalar.properties.canonicalCombiningClass
        if combiningClass == .notReordered {
            flush()
            result.append(scalar)
        } else {
            marks.append((scalar, combiningClass.rawValue))
        }
    }
    flush()
    return String(result)
}

private func survey(_ bytes: UnsafeBufferPointer<UInt8>) -> (hasControls: Bool, mayNeedNormalising: Bool) {
    var hasControls = false
    var position = 0
    while position < bytes.count {
        let byte = bytes[position]
        if byte < 0x80 {
            if byte < 0x20, byte != 9, byte != 10 { hasControls = true }
            position += 1
            continue
        }
        let scalar = decodeScalar(bytes, &position)
        if !isInertUnderNFC(scalar) {
            while !hasControls, position < bytes.count {
                let byte = bytes[position]
                if byte < 0x20, byte != 9, byte != 10 { hasControls = true }
                position += 1
            }
            return (hasControls, true)
        }
    }
    return (hasControls, false)
}

/// The scalar at `position` of valid UTF-8; moves `position` behind it.
@inline(__always)
func decodeScalar(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt32 {
    let first = UInt32(bytes[position])
    let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard length > 1, position + length <= bytes.count else {
        position += 1
        return first
    }
    var scalar = first & (0xFF >> UInt32(length + 1))
    for offset in 1..<length { scalar = scalar << 6 | UInt32(bytes[position + offset] & 0x3F) }
    position += length
    return scalar
}

/// True for scalars that normalisation never changes, reorders or joins to what stands before them. The ranges cover
/// Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic letters, punctuation, mathematical signs, kana, Han, Hangul
/// syllables and emoji; a test holds them against Unicode's data. Any other scalar only costs a call of the normaliser.
@inline(__always)
func isInertUnderNFC(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0..<0x300, 0x388...0x482, 0x48A...0x590, 0x5D0...0x5EA, 0x621...0x64A, 0x1E00...0x1EFF, 0x2002...0x20CF,
        0x2100...0x2125, 0x212C...0x2328, 0x232B...0x2ADB, 0x2ADD...0x2BFF, 0x3000...0x3029, 0x3030...0x3098,
        0x309B...0x9FFF, 0xAC00...0xD7A3, 0xE000...0xF8FF, 0xFE00...0xFE0F, 0xFF01...0xFFEF, 0x1F300...0x1FAFF:
        true
    default: false
    }
}

private func replacingControls(in text: String) -> String {
    let bytes = text.utf8
    return String(unsafeUninitializedCapacity: bytes.count) { output in
        var written = 0
        var carriageReturn = false
        for byte in bytes {
            if carriageReturn, byte == 10 { written -= 1 }
            carriageReturn = byte == 13
            output[written] = byte < 0x20 && byte != 9 && byte != 10 ? 0x20 : byte
            written += 1
        }
        return written
    }
}

/// True when nothing would be seen: only white space.
func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }

extension StringProtocol {
    /// Without white space at both ends.
    func trimmed() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(self[first..<scalars.index(after: last)])
    }
}
