internal import Glibc

/// The environment variables that sealift reads.
enum Environment {
    /// The exact bytes of a variable; nil where it is missing or empty.
    static func bytes(_ name: String) -> [UInt8]? {
        guard let value = getenv(name) else { return nil }
        let bytes = Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        return bytes.isEmpty ? nil : bytes
    }

    /// The variable as text; nil where it is missing or empty.
    static func text(_ name: String) -> String? {
        bytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// `SEALIFT_HOME`: the folder of sealift's own state.
    static var home: [UInt8]? { bytes("SEALIFT_HOME") }
}
