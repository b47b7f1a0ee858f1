import Foundation

/// `value` with `digits` decimals, for notes of progress.
func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
