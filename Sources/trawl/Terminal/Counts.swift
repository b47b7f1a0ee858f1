/// `1234567` as `1,234,567`.
func grouped(_ number: Int) -> String {
    var digits = Array(String(number.magnitude))
    var position = digits.count - 3
    while position > 0 {
        digits.insert(",", at: position)
        position -= 3
    }
    return (number < 0 ? "-" : "") + String(digits)
}

/// `1 document`, `1,234 documents`.
///
/// - Parameter unit: a word whose plural ends in `s`.
func counted(_ count: Int, _ unit: String) -> String { "\(grouped(count)) \(unit)" + (count == 1 ? "" : "s") }
