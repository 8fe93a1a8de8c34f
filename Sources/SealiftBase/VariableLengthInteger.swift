/// The variable-length integers of RFC 9000 §16: the first two bits tell the size, 1, 2, 4 or 8
/// bytes, and the rest holds a value up to 2^62 − 1.
public enum VariableLengthInteger {
    /// The largest value that can be written: 2^62 − 1.
    @inlinable public static var maximum: UInt64 { (1 << 62) - 1 }

    /// The number of bytes that the shortest encoding of `value` takes.
    /// - Precondition: `value` is at most ``maximum``.
    @inlinable
    public static func size(of value: UInt64) -> Int {
        precondition(value <= maximum, "a variable-length integer holds 62 bits")
        if value < 1 << 6 { return 1 }
        if value < 1 << 14 { return 2 }
        return value < 1 << 30 ? 4 : 8
    }
}
