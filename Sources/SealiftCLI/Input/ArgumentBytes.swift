internal import Glibc

/// Command-line arguments as text that keeps every byte.
///
/// A path is bytes, and a Swift string cannot hold bytes that are no UTF-8: it would silently name
/// another file. So each such byte travels through the parser as one private-use scalar, U+10FF00 plus
/// the byte (the idea of Python's `surrogateescape`), and is turned back where a path is used. A
/// scalar of that range in the argument itself is taken apart into its bytes, which keeps it exact.
enum ArgumentBytes {
    private static let firstScalar: UInt32 = 0x10FF00
    private static let escapes = firstScalar...(firstScalar + 0xFF)

    /// The arguments of this process, without its name.
    static func ofProcess() -> [String] {
        let count = Int(CommandLine.argc)
        return (0..<count).dropFirst().compactMap { index in
            guard let argument = CommandLine.unsafeArgv[index] else { return nil }
            let bytes = UnsafeRawBufferPointer(start: argument, count: strlen(argument))
            return text(of: Array(bytes))
        }
    }

    /// The text that stands for `bytes`.
    static func text(of bytes: [UInt8]) -> String {
        var result = String.UnicodeScalarView()
        var position = 0
        while position < bytes.count {
            var decoder = UTF8()
            var rest = bytes[position...].makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&rest),
                !escapes.contains(scalar.value)
            {
                result.append(scalar)
                position += UTF8.width(scalar)
            } else {
                if let scalar = Unicode.Scalar(firstScalar + UInt32(bytes[position])) {
                    result.append(scalar)
                }
                position += 1
            }
        }
        return String(result)
    }

    /// The bytes that `text` stands for.
    static func bytes(of text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar in
            escapes.contains(scalar.value)
                ? [UInt8(scalar.value - firstScalar)] : Array(String(scalar).utf8)
        }
    }
}
