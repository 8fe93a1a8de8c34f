import Glibc
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer

/// sealift's own state on this machine (`docs/PROTOCOL.md` §9): the device's keys, the tickets it
/// issued, the hashes it computed.
struct StateHome {
    /// The folder, 0700.
    let folder: Home

    private static let deviceRecord = "device.key"
    private static let deviceMagic = Array("SLK1".utf8)
    private static let deviceChecksumLabel = Array("sealift/1 device key".utf8)
    private static let checksumSize = 4
    private static let ticketPrefix = "ticket-"

    /// Opens the folder at `path`, or at the default place, and makes it where it is missing.
    init(_ path: [UInt8]?) throws(SealiftError) {
        do throws(Home.Failure) {
            if let path {
                folder = try Home.open(path: path)
            } else {
                let standard = try Home.defaultPath { name in
                    getenv(name).map { String(cString: $0) }
                }
                folder = try Home.open(path: standard)
            }
        } catch {
            throw SealiftError(home: error)
        }
    }

    /// The device's keys, made on first use.
    func device() throws(SealiftError) -> DeviceKeyPair {
        let result: Result<DeviceKeyPair, SealiftError>
        do throws(SystemError) {
            result = try folder.withLock {
                () throws(SystemError) -> Result<DeviceKeyPair, SealiftError> in
                try folder.removeUnfinishedRecords()
                if let bytes = try folder.readRecord(Self.deviceRecord) {
                    return Self.decodeDevice(bytes)
                }
                var entropy = SealiftCrypto.SystemEntropy()
                let device = DeviceKeyPair.generate(entropy: &entropy)
                try folder.writeRecord(Self.deviceRecord, Self.encode(device))
                return .success(device)
            }
        } catch {
            throw SealiftError(home: error)
        }
        return try result.get()
    }

    private static func encode(_ device: DeviceKeyPair) -> [UInt8] {
        var writer = ByteWriter(capacity: 80)
        writer.write(deviceMagic)
        device.secretEncoding.withUnsafeBytes { writer.write($0) }
        let checksum = SHA256Digest.hash(deviceChecksumLabel + writer.bytes)
        writer.write(checksum.bytes.prefix(checksumSize))
        return writer.bytes
    }

    private static func decodeDevice(_ bytes: [UInt8]) -> Result<DeviceKeyPair, SealiftError> {
        let body = bytes.dropLast(checksumSize)
        let checksum = SHA256Digest.hash(deviceChecksumLabel + body).bytes.prefix(checksumSize)
        guard body.starts(with: deviceMagic), bytes.suffix(checksumSize).elementsEqual(checksum),
            let device = try? DeviceKeyPair(
                secretEncoding: SecretBytes(copying: body.dropFirst(deviceMagic.count)))
        else {
            return .failure(
                SealiftError(
                    .homeUnusable, "the device key cannot be read",
                    advice: "Restore \(deviceRecord) from a backup, or remove it to become a new "
                        + "device; tickets issued before stop working."))
        }
        return .success(device)
    }

    // MARK: Tickets

    /// Reads, judges and writes a ticket's record in one step that no other process can interleave.
    func changeTicket<Answer>(
        _ secret: PreSharedKey,
        _ change: (TicketRecord?) -> (record: TicketRecord?, answer: Answer)
    ) throws(SealiftError) -> Answer {
        let name = Self.name(of: secret)
        do throws(SystemError) {
            return try folder.withLock { () throws(SystemError) -> Answer in
                let stored = try folder.readRecord(name).flatMap { try? TicketRecord(encoded: $0) }
                let (record, answer) = change(stored)
                if let record { try folder.writeRecord(name, record.encoded) }
                return answer
            }
        } catch {
            throw SealiftError(home: error)
        }
    }

    /// Forgets the tickets whose time to be remembered is over (``TicketRules``).
    func sweepTickets(now: WallTime) throws(SealiftError) {
        do throws(SystemError) {
            try folder.withLock { () throws(SystemError) in
                for name in try folder.records(prefix: Self.ticketPrefix) {
                    guard let bytes = try folder.readRecord(name),
                        let record = try? TicketRecord(encoded: bytes)
                    else { continue }
                    switch TicketRules.retention(of: record, now: now) {
                    case .keep: break
                    case .update(let updated): try folder.writeRecord(name, updated.encoded)
                    case .forget: try folder.removeRecord(name)
                    }
                }
            }
        } catch {
            throw SealiftError(home: error)
        }
    }

    /// A record's name tells nothing of the secret: it is the tag that datagrams carry in clear.
    private static func name(of secret: PreSharedKey) -> String {
        ticketPrefix
            + Hexadecimal.encode(secret.tag(direction: .initiatorToResponder, hour: 0).bytes)
    }
}

extension SealiftError {
    /// The folder for sealift's own state failed.
    init(home error: SystemError) {
        self.init(
            .homeUnusable, "the folder for sealift's own state cannot be used",
            advice: "Set SEALIFT_HOME to a folder of your own that only you can write to.",
            cause: "\(error)")
    }

    /// The folder for sealift's own state was refused.
    init(home failure: Home.Failure) {
        switch failure {
        case .ownedByAnother(let path):
            self.init(
                .homeUnusable, "\(path) belongs to another user",
                advice: "Set SEALIFT_HOME to a folder of your own.")
        case .openToOthers(let path, let mode):
            self.init(
                .homeUnusable,
                "\(path) is open to other users (mode \(String(mode, radix: 8)))",
                advice: "Look at what is in it, then run: chmod 700 \(path)")
        case .nowhere:
            self.init(
                .homeUnusable, "there is no place for sealift's own state",
                advice: "Set SEALIFT_HOME to a folder of your own.")
        case .system(let error):
            self.init(home: error)
        }
    }
}
