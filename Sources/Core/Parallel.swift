import Dispatch
import Foundation
import Synchronization

/// Loops whose steps run side by side. A step's result must not depend on which thread takes it.
package enum Parallel {
    package static func threads(_ wanted: Int?) -> Int {
        max(1, wanted ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Runs `body` for the numbers below `count`, each once.
    package static func forEach(_ count: Int, threads: Int, _ body: @Sendable (_ index: Int) -> Void) {
        forEach(count, threads: threads, state: { () }, { (_: inout Void, index) in body(index) })
    }

    /// The same, with something that each thread makes for itself.
    package static func forEach<State>(
        _ count: Int, threads: Int, state: @Sendable () -> State, _ body: @Sendable (inout State, _ index: Int) -> Void
    ) {
        let workers = min(threads, count)
        guard workers > 1 else {
            guard count > 0 else { return }
            var own = state()
            for index in 0..<count { body(&own, index) }
            return
        }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            var own = state()
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                body(&own, index)
            }
        }
    }
}
