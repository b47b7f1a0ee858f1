#if LIBFUZZER
import Foundation
import TrawlCore

/// The target that the variable TRAWL_FUZZ_TARGET names.
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

/// Makes the target ready, which may take longer than an input may.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<Int32>?, _ arguments: UnsafeMutableRawPointer?) -> Int32 {
    _ = body.1
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count).prefix(body.1))
    _ = FuzzTarget.outcome(body.0, input)
    return 0
}
#endif
