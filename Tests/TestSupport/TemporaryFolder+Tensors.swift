import Foundation
import TrawlCore

extension TemporaryFolder {
    /// Writes `value` over numbers of a single-precision tensor in the folder's `model.safetensors`.
    public func overwrite(tensor: String, floats: Range<Int>, with value: Float) throws {
        var bytes = try bytes("model.safetensors")
        let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: Any]
        guard let entry = header?[tensor] as? [String: Any], let start = (entry["data_offsets"] as? [Int])?.first else {
            throw TrawlError(.notFound, "no tensor '\(tensor)'", path: path)
        }
        for index in floats {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { pattern in
                for (offset, byte) in pattern.enumerated() { bytes[8 + length + start + 4 * index + offset] = byte }
            }
        }
        try write("model.safetensors", bytes)
    }
}
