/// `text` as XML holds it.
func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        // What XML does not allow.
        case _ where scalar.value < 0x20: escaped += " "
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}
