import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import Testing

@testable import Sealift

@Suite("Devices of one's own")
struct DeviceActionsTests {
    /// A home with an identity of three devices: this machine, a laptop and a tablet.
    private struct Scene {
        let folder = TemporaryFolder()
        let words: RecoveryWords
        let devices: [DeviceKeyPair]
        var home: [UInt8] { Array((folder.path + "/home").utf8) }

        init() throws {
            words = try Self.words(1)
            var entropy = SeededEntropy(seed: 5)
            let others = (0..<2).map { _ in DeviceKeyPair.generate(entropy: &entropy) }
            devices = others
            _ = try beginIdentity(words, home: home, passphrase: nil)
            let state = try StateHome(home)
            let identity = try state.requireIdentity()
            var author = try ChainAuthor(root: words.rootKey, continuing: identity.chain)
            for device in others {
                let certificate = try #require(
                    DeviceCertificate(consentOf: device, to: identity.id, generation: 0))
                try author.add(certificate, time: SystemWallClock.now())
            }
            let log = try AuditLog(Store(in: state.folder), of: state.device())
            #expect(
                try log.extend(
                    to: author.chain, from: identity.devices.head, as: "device_added",
                    device: others[1].publicKeys.id))
        }

        static func words(_ byte: UInt8) throws -> RecoveryWords {
            try #require(
                RecoveryWords(entropy: SecretBytes(copying: [UInt8](repeating: byte, count: 32))))
        }

        func fingerprint(_ number: Int) -> String {
            devices[number].publicKeys.id.fingerprint.description
        }

        func revoke(_ prefix: String, _ words: RecoveryWords) throws(SealiftError) -> OwnDevice {
            try revokeDevice(
                prefix, reason: .lost, words: words, home: home, passphrase: .none)
        }
    }

    private static func code(_ body: () throws -> Void) -> ErrorCode? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SealiftError)?.code
        }
    }

    @Test("are ended by the words only, for good, with the reason, and logged")
    func revoked() throws {
        let scene = try Scene()
        #expect(try readDevices(home: scene.home).map(\.device.isThis) == [true, false, false])
        #expect(
            Self.code { _ = try scene.revoke(scene.fingerprint(0), Scene.words(2)) }
                == .wordsWrong)
        #expect(try readDevices(home: scene.home).allSatisfy(\.device.isActive))
        let before = try StateHome(scene.home).requireIdentity()
        // Capitals are read too.
        let revoked = try scene.revoke(
            scene.fingerprint(0).prefix(12).uppercased(), scene.words)
        #expect(revoked.ended?.how == .lost && !revoked.device.isActive)
        #expect(try readDevices(home: scene.home).map(\.device.isActive) == [true, false, true])
        #expect(
            Self.code { _ = try scene.revoke(scene.fingerprint(0), scene.words) }
                == .deviceUnknown)
        // What a contact that knew the device makes of the new chain.
        let after = try StateHome(scene.home).requireIdentity()
        var view = before.devices
        let lost = scene.devices[0].publicKeys.id
        #expect(try view.take(after.chain) == .extended(added: [], ended: [lost]))
        #expect(throws: ChainError.self) { try view.take(before.chain) }
        #expect(!view.isActive(lost))
        var lines: [LogLine] = []
        try readLog(home: scene.home) { line in
            lines.append(line)
            return true
        }
        #expect(
            lines.map { $0.entry?.reason } == ["identity_begun", "device_added", "device_revoked"])
        #expect(lines.last?.peer == scene.fingerprint(0))
        #expect(try verifyLog(home: scene.home).finding == nil)
    }

    @Test("are named by one fingerprint: none, several or this machine's are refused")
    func named() throws {
        let scene = try Scene()
        let own = try #require(try readDevices(home: scene.home).first).device.fingerprint
        #expect(Self.code { _ = try checkRevocation(of: "", home: scene.home) } == .deviceUnknown)
        #expect(
            Self.code { _ = try checkRevocation(of: "xyz", home: scene.home) } == .deviceUnknown)
        #expect(
            Self.code { _ = try checkRevocation(of: own, home: scene.home) } == .identityConflict)
        #expect(
            try checkRevocation(of: scene.fingerprint(1), home: scene.home).device.fingerprint
                == scene.fingerprint(1))
    }

    @Test("cannot be changed by two at once: who comes second is told, and changes nothing")
    func raced() throws {
        let scene = try Scene()
        let state = try StateHome(scene.home)
        let seen = try state.requireIdentity()
        _ = try scene.revoke(scene.fingerprint(0), scene.words)
        // A chain that was written from what was there before.
        var late = try ChainAuthor(root: scene.words.rootKey, continuing: seen.chain)
        try late.revoke(
            scene.devices[1].publicKeys.id, reason: .retired, time: SystemWallClock.now())
        let log = try AuditLog(Store(in: state.folder), of: state.device())
        #expect(
            try !log.extend(
                to: late.chain, from: seen.devices.head, as: "device_revoked",
                device: scene.devices[1].publicKeys.id))
        #expect(try readDevices(home: scene.home).map(\.device.isActive) == [true, false, true])
    }
}
