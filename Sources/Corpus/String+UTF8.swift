extension String {
    /// The part of the string at `range` of its UTF-8 bytes.
    public func substring(utf8 range: Range<Int>) -> String {
        if range.lowerBound == 0, range.upperBound == utf8.count { return self }
        return String(decoding: utf8.dropFirst(range.lowerBound).prefix(range.count), as: UTF8.self)
    }
}
