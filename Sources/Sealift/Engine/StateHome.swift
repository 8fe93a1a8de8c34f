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

    /// What opens the secrets in it.
    let passphrase: PassphraseSource

    private static let ticketPrefix = "ticket-"

    /// Opens the folder at `path`, or at the default place, and makes it where it is missing.
    /// - Parameter passphrase: asked where the secrets in it are under one.
    init(
        _ path: [UInt8]?, passphrase: PassphraseSource = .none
    ) throws(SealiftError) {
        self.passphrase = passphrase
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
