/// The time that an ISO 8601 date stands for: a year, a month, a day, a minute, a second or a fraction of one. What has no
/// time zone is in UTC.
struct DatePeriod: Hashable, Sendable {
    /// A point in time: seconds since 1970 and nanoseconds.
    struct Instant: Hashable, Comparable, Sendable {
        var seconds: Int
        var nanoseconds = 0

        static func < (a: Instant, b: Instant) -> Bool {
            (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
        }
    }

    let start: Instant
    /// Not part of the period.
    let end: Instant

    /// Whether `other` lies in this period as a whole.
    func contains(_ other: DatePeriod) -> Bool { start <= other.start && other.end <= end }

    /// Reads `2024`, `2024-05`, `2024-05-01`, and after such a day `T` or a blank, `10:30`, seconds, a fraction of them, and
    /// `Z` or `+02:00`.
    init?(_ text: String) {
        var reader = DateReader(rest: Array(text.utf8)[...])
        guard let year = reader.number(4) else { return nil }
        guard !reader.isAtEnd else {
            self.init(from: (year, 1, 1), to: (year + 1, 1, 1))
            return
        }
        guard reader.take("-"), let month = reader.number(2), (1...12).contains(month) else { return nil }
        guard !reader.isAtEnd else {
            self.init(from: (year, month, 1), to: month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1))
            return
        }
        guard reader.take("-"), let day = reader.number(2), day >= 1, day <= Self.days(of: month, year) else {
            return nil
        }
        let midnight = Self.dayNumber(year, month, day) * 86_400
        guard !reader.isAtEnd else {
            self.init(start: Instant(seconds: midnight), end: Instant(seconds: midnight + 86_400))
            return
        }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), hour < 24,
            reader.take(":"), let minute = reader.number(2), minute < 60
        else { return nil }
        var seconds = midnight + hour * 3600 + minute * 60
        var (nanoseconds, length, fraction) = (0, 60, 0)
        if reader.take(":") {
            // 60 is a leap second.
            guard let second = reader.number(2), second <= 60 else { return nil }
            seconds += second
            length = 1
            if reader.take(".") || reader.take(",") {
                guard let found = reader.fraction() else { return nil }
                (nanoseconds, length, fraction) = (found, 0, 1)
            }
        }
        guard let offset = reader.zone(), reader.isAtEnd else { return nil }
        let last = nanoseconds + fraction
        self.init(
            start: Instant(seconds: seconds - offset, nanoseconds: nanoseconds),
            end: Instant(
                seconds: seconds - offset + length + last / 1_000_000_000, nanoseconds: last % 1_000_000_000))
    }

    private init(start: Instant, end: Instant) {
        self.start = start
        self.end = end
    }

    private init(from first: (Int, Int, Int), to next: (Int, Int, Int)) {
        self.init(
            start: Instant(seconds: Self.dayNumber(first.0, first.1, first.2) * 86_400),
            end: Instant(seconds: Self.dayNumber(next.0, next.1, next.2) * 86_400))
    }

    private static func days(of month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar, by Howard Hinnant's `days_from_civil`.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Years begin in March, so that the leap day is the last one.
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Takes the parts of a date from the front.
private struct DateReader {
    var rest: ArraySlice<UInt8>

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: sign) else { return false }
        rest.removeFirst()
        return true
    }

    /// A number of exactly `count` digits.
    mutating func number(_ count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        rest.removeFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
    }

    /// Digits after the point, in nanoseconds; what is finer is cut off.
    mutating func fraction() -> Int? {
        let digits = rest.prefix { $0 &- 0x30 < 10 }
        guard !digits.isEmpty else { return nil }
        rest.removeFirst(digits.count)
        let nine = digits.prefix(9)
        return (nine + Array(repeating: 0x30, count: 9 - nine.count)).reduce(0) { $0 * 10 + Int($1 &- 0x30) }
    }

    /// The seconds that a time zone is ahead of UTC.
    mutating func zone() -> Int? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let sign = take("-") ? -1 : 1
        guard sign < 0 || take("+"), let hours = number(2), hours < 24 else { return nil }
        if isAtEnd { return sign * hours * 3600 }
        _ = take(":")
        guard let minutes = number(2), minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
