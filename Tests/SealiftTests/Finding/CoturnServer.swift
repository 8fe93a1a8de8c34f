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
    private let process: Process
    private let folder: URL

    /// How often other ports are tried: another program may take one before coturn does, which then ends.
    private static let tries = 8

    /// - Parameter port: of UDP and TCP; nil for a free one.
    init(port wanted: UInt16? = nil) throws {
        var entropy = SealiftCrypto.SystemEntropy()
        let certificate = SelfSignedCertificate.generate(entropy: &entropy)
        keyPin = certificate.keyPin
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sealift-relay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let text = Data(certificate.certificate).base64EncodedString(
            options: .lineLength64Characters)
        try "-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n"
            .write(
                to: folder.appendingPathComponent("certificate"), atomically: true, encoding: .utf8)
        try certificate.privateKey.withUnsafeBytes { Data($0) }
            .write(to: folder.appendingPathComponent("key"))
        var attempt = 1
        while true {
            // Free for both kinds as likely as not.
            let port =
                try wanted ?? DatagramSocket(bind: .loopbackIPv4(port: 0)).localAddress.port
            let securePort = try DatagramSocket(bind: .loopbackIPv4(port: 0)).localAddress.port
            let process = try Self.run(port, securePort, in: folder)
            do {
                _ = try Self.connect(at: port, of: process)
                // It listens at this one later.
                _ = try Self.connect(at: securePort, of: process)
                (self.port, self.securePort, self.process) = (port, securePort, process)
                return
            } catch {
                guard attempt < Self.tries, !process.isRunning else { throw error }
                attempt += 1
            }
        }
    }

    private static func run(
        _ port: UInt16, _ securePort: UInt16, in folder: URL
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/turnserver")
        process.arguments = [
            "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--listening-port=\(port)",
            "--lt-cred-mech", "--user=\(user):\(password)", "--realm=sealift.test",
            "--allow-loopback-peers", "--cli-password=unused", "--no-cli", "--no-dtls",
            "--tls-listening-port=\(securePort)", "--cert=\(folder.path)/certificate",
            "--pkey=\(folder.path)/key", "--log-file=stdout", "--simple-log",
            "--pidfile=\(folder.path)/pid", "--userdb=\(folder.path)/db",
        ]
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// A connection, once the server listens.
    func connect() throws -> StreamSocket { try Self.connect(at: port, of: process) }

    private static func connect(at port: UInt16, of process: Process) throws -> StreamSocket {
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
