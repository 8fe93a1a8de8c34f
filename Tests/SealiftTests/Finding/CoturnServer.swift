import Foundation
import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import Testing

/// A coturn of this test's own, on the loopback.
final class CoturnServer {
    static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/turnserver")
    static let user = "ann"
    static let password = "a password"

    let port: UInt16
    /// The port for TLS.
    let securePort: UInt16
    /// What clients of ``securePort`` pin.
    let keyPin: Hash256
    private let process = Process()
    private let folder: URL

    /// - Parameter port: of UDP and TCP; nil for a free one.
    init(port wanted: UInt16? = nil) throws {
        // Free for both kinds as likely as not.
        port = try wanted ?? DatagramSocket(bind: .loopbackIPv4(port: 0)).localAddress.port
        securePort = try DatagramSocket(bind: .loopbackIPv4(port: 0)).localAddress.port
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sealift-relay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var entropy = SealiftCrypto.SystemEntropy()
        let certificate = SelfSignedCertificate.generate(entropy: &entropy)
        keyPin = certificate.keyPin
        let text = Data(certificate.certificate).base64EncodedString(
            options: .lineLength64Characters)
        try "-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n"
            .write(
                to: folder.appendingPathComponent("certificate"), atomically: true, encoding: .utf8)
        try certificate.privateKey.withUnsafeBytes { Data($0) }
            .write(to: folder.appendingPathComponent("key"))
        process.executableURL = URL(fileURLWithPath: "/usr/bin/turnserver")
        process.arguments = [
            "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--listening-port=\(port)",
            "--lt-cred-mech", "--user=\(Self.user):\(Self.password)", "--realm=sealift.test",
            "--allow-loopback-peers", "--cli-password=unused", "--no-cli", "--no-dtls",
            "--tls-listening-port=\(securePort)", "--cert=\(folder.path)/certificate",
            "--pkey=\(folder.path)/key", "--log-file=stdout", "--simple-log",
            "--pidfile=\(folder.path)/pid", "--userdb=\(folder.path)/db",
        ]
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        _ = try connect()
        // It listens at this one later.
        _ = try connect(at: securePort)
    }

    /// A connection, once the server listens.
    func connect() throws -> StreamSocket { try connect(at: port) }

    private func connect(at port: UInt16) throws -> StreamSocket {
        let deadline = MonotonicClock.now() + .seconds(120)
        while true {
            do {
                return try StreamSocket(
                    connectingTo: .loopbackIPv4(port: port), until: deadline)
            } catch {
                guard MonotonicClock.now() < deadline, process.isRunning else { throw error }
                sched_yield()
            }
        }
    }

    func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
