public import SealiftPeople
public import SealiftBase
import SealiftCrypto
import SealiftStore

/// One line of the log.
public struct LogLine: Sendable {
    /// Its place; the first is 0.
    public var position: UInt64
    /// What it says; nil where a newer sealift wrote it.
    public var entry: AuditEntry?
    /// The other device's fingerprint: 32 hexadecimal digits; nil where the entry names none.
    public var peer: String?
    /// The fingerprint of the device whose log it is, where a backup brought that log; nil for this
    /// device's own.
    public var former: String?
}

/// Shows this machine's log, oldest entry first, as long as `visit` says yes. Logs that a backup brought
/// come before it.
/// - Parameters:
///   - home: the folder of sealift's own state, or nil for the default.
///   - since: nothing before this time.
///   - peer: how the fingerprint of the other device begins, in hexadecimal; empty for all.
/// - Throws: where the log cannot be read.
public func readLog(
    home: [UInt8]?, since: WallTime? = nil, peer: String = "", _ visit: (LogLine) -> Bool
) throws(SealiftError) {
    let store = try readableLog(home)
    var goesOn = true
    func show(
        _ position: UInt64, _ entry: Result<AuditEntry, AuditEntry.DecodingError>,
        _ former: FormerLog?
    ) -> Bool {
        let entry = try? entry.get()
        goesOn = visit(
            LogLine(
                position: position, entry: entry, peer: entry?.peer?.fingerprint.description,
                former: former?.device.id.fingerprint.description))
        return goesOn
    }
    do throws(StoreFailure) {
        for former in try store.formerLogs() where goesOn {
            try AuditLog.forEachEntry(in: store, of: former, since: since, peer: peer) {
                show($0, $1, former)
            }
        }
        guard goesOn else { return }
        try AuditLog.forEachEntry(in: store, since: since, peer: peer) { show($0, $1, nil) }
    } catch {
        throw SealiftError(log: error)
    }
}

/// What came of checking the log.
public struct LogVerification: Equatable, Sendable {
    /// Entries that this device signed.
    public var entries: UInt64
    /// The root over them.
    public var root: Hash256
    /// When the first and the last were signed; nil for an empty log.
    public var times: ClosedRange<WallTime>?
    /// How many receipts that other ends signed bear witness to where the log stood.
    public var witnesses: UInt64
    /// The place of the first thing wrong, where it has one.
    public var position: UInt64?
    /// What is wrong there: `edited`, `deleted`, `reordered`, `inserted`, `truncated`, `rewritten`,
    /// `head_missing`, `other_log`; nil where everything is as it was.
    public var finding: String?
    /// What came of the logs that backups brought, each against the device that signed it.
    public var former: [FormerVerification] = []
}

/// What came of checking a log that a backup brought.
public struct FormerVerification: Equatable, Sendable {
    /// The fingerprint of the device that signed it.
    public var device: String
    /// Entries that it signed.
    public var entries: UInt64
    /// The place of the first thing wrong, where it has one.
    public var position: UInt64?
    /// As in ``LogVerification``.
    public var finding: String?
}

/// Checks every entry of this machine's log against what the device signed, the head beside the
/// database, and the heads that other devices keep in receipts.
/// - Throws: where the log cannot be read.
public func verifyLog(home: [UInt8]?) throws(SealiftError) -> LogVerification {
    let home = try StateHome(home)
    let device = try home.publicKeys()
    let verdict: LogVerdict
    let witnesses: [LogHead]
    var former: [FormerVerification] = []
    do throws(StoreFailure) {
        let store = try Store(in: home.folder)
        for log in try store.formerLogs() {
            let verdict = try store.verify(log)
            let (finding, position) = words(verdict.finding)
            former.append(
                FormerVerification(
                    device: log.device.id.fingerprint.description, entries: verdict.size,
                    position: position, finding: finding))
        }
        witnesses = try store.witnessedHeads(of: device.id)
        verdict = try AuditLog.verify(store, of: device, witnesses: witnesses)
    } catch {
        throw SealiftError(log: error)
    }
    let (finding, position) = words(verdict.finding)
    return LogVerification(
        entries: verdict.size, root: verdict.root, times: verdict.times,
        witnesses: UInt64(witnesses.count), position: position, finding: finding, former: former)
}

private func words(_ finding: LogFinding?) -> (String?, UInt64?) {
    switch finding {
    case nil: (nil, nil)
    case .edited(let position): ("edited", position)
    case .deleted(let position): ("deleted", position)
    case .reordered(let position): ("reordered", position)
    case .inserted(let position): ("inserted", position)
    case .truncated(let position, _): ("truncated", position)
    case .rewritten: ("rewritten", nil)
    case .headMissing: ("head_missing", nil)
    case .otherLog: ("other_log", nil)
    }
}

/// The store of a home whose log is there, begun where it is missing and nobody needs a passphrase for it.
private func readableLog(_ home: [UInt8]?) throws(SealiftError) -> Store {
    let home = try StateHome(home)
    let store = try home.store()
    // A home with an identity has a log.
    guard try home.identity() == nil else { return store }
    let device = try home.device()
    do throws(StoreFailure) { _ = try AuditLog(store, of: device) } catch {
        throw SealiftError(log: error)
    }
    return store
}
