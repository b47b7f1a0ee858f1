import Glibc
import TrawlCore

/// Converts bytes of a named charset to UTF-8 by the system's iconv.
///
/// - Parameter charset: Letters, digits, `-` and `_` only: iconv takes other signs for options.
/// - Throws: `unsupported` for a charset that iconv does not know; `invalidInput` with the line for bytes that are not
///   in it.
func convertedToUTF8(_ bytes: UnsafeBufferPointer<UInt8>, from charset: String, path: String) throws -> [UInt8] {
    let converter = iconv_open("UTF-8", charset)
    guard converter != iconv_t(bitPattern: -1) else {
        throw TrawlError(
            .unsupported, "declares the charset \(charset), which is not known here", path: path,
            remedy: "convert the file to UTF-8")
    }
    defer { iconv_close(converter) }
    var output: [UInt8] = []
    var buffer = [CChar](repeating: 0, count: 1 << 16)
    var consumed = 0
    try bytes.withMemoryRebound(to: CChar.self) { input in
        // iconv's interface says mutable, but it only reads.
        var from = UnsafeMutablePointer(mutating: input.baseAddress)
        var left = input.count
        while left > 0 {
            let (status, written) = buffer.withUnsafeMutableBufferPointer { room in
                var to = room.baseAddress
                var free = room.count
                let status = iconv(converter, &from, &left, &to, &free)
                return (status, room.count - free)
            }
            let reason = errno
            output.append(contentsOf: buffer[..<written].lazy.map { UInt8(bitPattern: $0) })
            consumed = input.count - left
            if status == -1, reason != E2BIG {
                let place = LinePlace(of: consumed, in: bytes, firstLine: 1)
                throw TrawlError(
                    .invalidInput,
                    "is not in the charset \(charset): byte \(place.column) of the line is \(hexadecimal(bytes[consumed]))",
                    path: path, line: place.line, remedy: "convert the file to UTF-8")
            }
        }
    }
    return output
}
