internal import Glibc
internal import Sealift
internal import SealiftRendezvous

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

    /// This machine's own name; nil where it has none.
    static var machineName: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// `SEALIFT_STUN`: STUN servers, separated by spaces or commas.
    /// - Throws: an error of usage for a text that is none.
    static func stun() throws(SealiftError) -> [StunServer] {
        var servers: [StunServer] = []
        for word in (text("SEALIFT_STUN") ?? "").split(whereSeparator: { ", \n".contains($0) }) {
            guard let server = StunServer(String(word)) else {
                throw SealiftError(
                    .usage, "SEALIFT_STUN holds what is no address of a server",
                    advice: "An address is stun.example.org, 192.0.2.7:3478 or [2001:db8::7].")
            }
            servers.append(server)
        }
        return servers
    }

    /// `SEALIFT_RENDEZVOUS`: the rendezvous servers, separated by spaces or commas.
    /// - Throws: an error of usage for a text that is no address.
    static func rendezvous() throws(SealiftError) -> [RendezvousAddress] {
        var servers: [RendezvousAddress] = []
        for word in (text("SEALIFT_RENDEZVOUS") ?? "").split(whereSeparator: { ", \n".contains($0) }
        ) {
            guard let server = RendezvousAddress(String(word)) else {
                throw SealiftError(
                    .usage, "SEALIFT_RENDEZVOUS holds what is no address of a server",
                    advice: "An address is wss://NAME:7440, or with the key that the server shows, "
                        + "wss://NAME:7440#sha256=…")
            }
            servers.append(server)
        }
        return servers
    }
}
