#if LIBFUZZER
import Foundation
import TrawlCore

/// The target that the variable TRAWL_FUZZ_TARGET names, made ready by the first input.
nonisolated(unsafe) private let body: (FuzzTarget.Body, Int) = {
    let name = ProcessInfo.processInfo.environment["TRAWL_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget.named(name) else { fatalError("no target '\(name)'") }
    do {
        let folder = try FuzzFolder()
        atexit { FuzzFolder.removeOwn() }
        let body = try target.prepare(folder)
        Worker.setLimits()
        return (
            {
                _ = folder.path
                try body($0)
            }, target.maximumBytes
        )
    } catch {
        fatalError("\(error)")
    }
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count).prefix(body.1))
    _ = FuzzTarget.outcome(body.0, input)
    return 0
}
#endif
