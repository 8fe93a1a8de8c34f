import Foundation

/// Where published vectors are read from.
enum Vectors {
    /// The folder of third-party sets, or nil.
    static let folder = ProcessInfo.processInfo.environment["SEALIFT_VECTORS"]

    /// Why a test on those sets may be skipped.
    static let absence = "SEALIFT_VECTORS names no folder with third-party vectors"

    /// Whether the folder has the file.
    static func has(_ name: String) -> Bool {
        folder.map { FileManager.default.isReadableFile(atPath: $0 + "/" + name) } ?? false
    }

    /// Decodes a file of the folder.
    static func load<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        let url = URL(fileURLWithPath: folder ?? "").appendingPathComponent(name)
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }

    /// Decodes a file that lies beside the tests.
    static func bundled<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/" + name)
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }
}
