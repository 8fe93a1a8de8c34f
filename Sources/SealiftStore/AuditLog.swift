import Foundation
import GRDB
public import SealiftBase
public import SealiftCrypto
import SealiftIO
public import SealiftPeople

/// This device's log: entries are appended, never changed, each under a checkpoint that the device
/// signs (`docs/PROTOCOL.md` §12.4).
///
/// The newest checkpoint also lies in a file beside the database. A database that is put back to an
/// older state, or cut short, then no longer reaches its own head, and nothing is appended to it: two
/// different logs of one size would contradict each other for ever.
public final class AuditLog: Sendable {
    /// The head's record in the home.
    static let headRecord = "log.head"

    /// What an append has done so far: where the tests kill it.
    package enum Step: CaseIterable, Sendable {
        case locked
        case inserted
        case committed
        case headWritten
    }

    let store: Store
    private let device: DeviceKeyPair
    private let onStep: (@Sendable (Step) -> Void)?

    /// Opens the log of `device` in `store`, and begins it where there is none.
    /// - Throws: ``StoreFailure``, also where the log is another device's or was rolled back.
    public convenience init(_ store: Store, of device: DeviceKeyPair) throws(StoreFailure) {
        try self.init(store, of: device, onStep: nil)
    }

    package init(
        _ store: Store, of device: DeviceKeyPair, onStep: (@Sendable (Step) -> Void)?
    ) throws(StoreFailure) {
        self.store = store
        self.device = device
        self.onStep = onStep
        try Store.locked(store.home) { () throws(StoreFailure) in try begin() }
    }

    /// Appends `entry`, to the disk, and signs where the log now stands.
    /// - Returns: the new head.
    @discardableResult
    public func append(_ entry: AuditEntry) throws(StoreFailure) -> LogHead {
        try append { _ in entry }
    }

    /// Makes the change that `change` makes and appends the entry that it returns, both or neither.
    @discardableResult
    func append(_ change: (Database) throws -> AuditEntry) throws(StoreFailure) -> LogHead {
        try appendAll { [try change($0)] }
    }

    /// The same for a change that several entries tell of, in their order; for none, nothing is signed
    /// and the log stays where it was.
    @discardableResult
    func appendAll(_ change: (Database) throws -> [AuditEntry]) throws(StoreFailure) -> LogHead {
        try Store.locked(store.home) { () throws(StoreFailure) in
            onStep?(.locked)
            let kept = try Self.keptHead(store)
            var head: LogHead?
            let newest = try store.write { database -> LogCheckpoint? in
                let state = try self.state(in: database)
                try Self.require(kept, isReachedBy: state, in: database)
                head = LogHead(
                    log: state.log, size: state.frontier.size, root: state.frontier.root)
                var newest: LogCheckpoint?
                for entry in try change(database) {
                    newest = try self.insert(
                        entry, after: try self.state(in: database), in: database)
                }
                self.onStep?(.inserted)
                return newest
            }
            onStep?(.committed)
            if let newest {
                head = newest.head
                do throws(SystemError) {
                    try store.home.writeRecord(Self.headRecord, newest.encoded)
                } catch {
                    throw .system(error)
                }
            }
            onStep?(.headWritten)
            guard let head else { throw .failed("the log's head is not known") }
            return head
        }
    }

    /// Makes a change with its entries, or refuses it with everything as it was.
    func change<Value, Refusal: Error>(
        _ body: (Database) throws -> Result<(value: Value, entries: [AuditEntry]), Refusal>
    ) throws(StoreFailure) -> Result<Value, Refusal> {
        var value: Value?
        var refusal: Refusal?
        do throws(StoreFailure) {
            try appendAll { database in
                switch try body(database) {
                case .success(let done):
                    value = done.value
                    return done.entries
                case .failure(let error):
                    refusal = error
                    throw StoreFailure.failed("a change was refused")
                }
            }
        } catch {
            guard let refusal else { throw error }
            return .failure(refusal)
        }
        guard let value else { throw .failed("a change was lost") }
        return .success(value)
    }

    /// Where the log stands.
    public func head() throws(StoreFailure) -> LogHead {
        try store.read { database in
            let state = try self.state(in: database)
            return LogHead(log: state.log, size: state.frontier.size, root: state.frontier.root)
        }
    }

    /// The head beside the database; nil where there is none.
    static func keptHead(_ store: Store) throws(StoreFailure) -> LogCheckpoint? {
        do throws(SystemError) {
            return try store.home.readRecord(headRecord, atMost: LogCheckpoint.byteCount)
                .flatMap { LogCheckpoint(encoded: $0) }
        } catch {
            throw .system(error)
        }
    }

    // MARK: Entries

    /// Shows the entries from `since` on, and only those with a peer whose fingerprint begins with
    /// `peer`, oldest first, until `visit` says no.
    /// - Parameter peer: lower-case hexadecimal digits; empty for every entry.
    public func forEachEntry(
        since: WallTime? = nil, peer: String = "",
        _ visit: (UInt64, Result<AuditEntry, AuditEntry.DecodingError>) -> Bool
    ) throws(StoreFailure) {
        try Self.forEachEntry(in: store, since: since, peer: peer, visit)
    }

    /// The same without the device's keys: who only reads signs nothing.
    public static func forEachEntry(
        in store: Store, since: WallTime? = nil, peer: String = "",
        _ visit: (UInt64, Result<AuditEntry, AuditEntry.DecodingError>) -> Bool
    ) throws(StoreFailure) {
        try forEachEntry(in: store, at: .own, since: since, peer: peer, visit)
    }

    /// The same for a log that a backup brought.
    public static func forEachEntry(
        in store: Store, of former: FormerLog, since: WallTime? = nil, peer: String = "",
        _ visit: (UInt64, Result<AuditEntry, AuditEntry.DecodingError>) -> Bool
    ) throws(StoreFailure) {
        try forEachEntry(in: store, at: .former(former.id), since: since, peer: peer, visit)
    }

    private static func forEachEntry(
        in store: Store, at place: LogPlace, since: WallTime?, peer: String,
        _ visit: (UInt64, Result<AuditEntry, AuditEntry.DecodingError>) -> Bool
    ) throws(StoreFailure) {
        let digits = peer.filter(\.isHexDigit).uppercased()
        try store.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT position, bytes FROM \(place.entries)
                    WHERE time >= ? AND (? = '' OR substr(hex(peer), 1, ?) = ?) ORDER BY position
                    """,
                arguments: place.arguments + [
                    since?.secondsSince1970 ?? .min, digits, digits.count, digits,
                ])
            while let row = try rows.next() {
                let position = UInt64(clamping: row["position"] as Int64)
                let bytes = Array(row["bytes"] as Data)
                let entry: Result<AuditEntry, AuditEntry.DecodingError>
                do throws(AuditEntry.DecodingError) {
                    entry = .success(try AuditEntry(encoded: bytes))
                } catch {
                    entry = .failure(error)
                }
                guard visit(position, entry) else { return }
            }
        }
    }

    /// Looks for the first entry that is not what it was; see ``LogVerdict``.
    /// - Parameter witnesses: heads of this log that others kept.
    public func verify(witnesses: [LogHead] = []) throws(StoreFailure) -> LogVerdict {
        try Self.verify(store, of: device.publicKeys, witnesses: witnesses)
    }

    /// The same for a log that cannot be opened any more, because it was put back or cut short.
    public static func verify(
        _ store: Store, of device: DevicePublicKeys, witnesses: [LogHead] = []
    ) throws(StoreFailure) -> LogVerdict {
        let kept = try keptHead(store)
        return try store.read { database in
            try LogVerifier(device: device, kept: kept, witnesses: witnesses).run(on: database)
        }
    }

    // MARK: Appending

    /// The log's row.
    private struct State {
        var log: LogID
        var device: DeviceID
        var frontier: LogFrontier
    }

    private func begin() throws(StoreFailure) {
        let kept = try Self.keptHead(store)
        let isNew = try store.write { database -> LogCheckpoint? in
            if try Row.fetchOne(database, sql: "SELECT 1 FROM log") != nil {
                let state = try self.state(in: database)
                guard state.device == self.device.publicKeys.id else {
                    throw StoreFailure.otherDevice
                }
                // A log that never got its head is one that was killed at birth: it has no entries.
                guard kept == nil, state.frontier.size == 0 else { return nil }
                return try self.sign(state.log, state.frontier)
            }
            // Where a head lies, there was a log.
            if let kept { throw StoreFailure.rolledBack(expected: kept.head.size, found: 0) }
            var entropy = SealiftCrypto.SystemEntropy()
            let log = LogID(entropy: &entropy)
            try database.execute(
                sql: "INSERT INTO log (number, id, device, size, peaks) VALUES (1, ?, ?, 0, x'')",
                arguments: [Data(log.bytes), Data(self.device.publicKeys.id.value.bytes)])
            return try self.sign(log, LogFrontier())
        }
        guard let isNew else { return }
        do throws(SystemError) {
            try store.home.writeRecord(Self.headRecord, isNew.encoded)
        } catch {
            throw .system(error)
        }
    }

    private func state(in database: Database) throws -> State {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM log"),
            let log = LogID(row["id"] as Data), let device = Hash256(row["device"] as Data),
            let frontier = Self.frontier(
                size: row["size"] as Int64, peaks: Array(row["peaks"] as Data))
        else { throw StoreFailure.damaged("the log's own row cannot be read") }
        return State(log: log, device: DeviceID(device), frontier: frontier)
    }

    static func frontier(size: Int64, peaks: [UInt8]) -> LogFrontier? {
        let hashes = stride(from: 0, to: peaks.count, by: Hash256.byteCount).compactMap {
            Hash256(peaks[$0..<min($0 + Hash256.byteCount, peaks.count)])
        }
        guard size >= 0, hashes.count * Hash256.byteCount == peaks.count else { return nil }
        return LogFrontier(size: UInt64(size), peaks: hashes)
    }

    /// Refuses a database that does not reach the head beside it.
    private static func require(
        _ kept: LogCheckpoint?, isReachedBy state: State, in database: Database
    ) throws {
        guard let kept, kept.head.log == state.log else { throw StoreFailure.headMissing }
        guard kept.head.size <= state.frontier.size else {
            throw StoreFailure.rolledBack(expected: kept.head.size, found: state.frontier.size)
        }
        let root =
            kept.head.size == state.frontier.size
            ? state.frontier.root : try Self.checkpoint(of: kept.head.size, in: database)?.head.root
        guard root == kept.head.root || kept.head.size == 0 else {
            throw StoreFailure.damaged("the log is not the one whose head lies beside it")
        }
    }

    private static func checkpoint(
        of size: UInt64, in database: Database
    ) throws -> LogCheckpoint? {
        try Data.fetchOne(
            database, sql: "SELECT bytes FROM checkpoint WHERE size = ?",
            arguments: [Int64(clamping: size)]
        ).flatMap { LogCheckpoint(encoded: Array($0)) }
    }

    private func insert(
        _ entry: AuditEntry, after state: State, in database: Database
    ) throws -> LogCheckpoint {
        guard state.device == device.publicKeys.id else { throw StoreFailure.otherDevice }
        var frontier = state.frontier
        let bytes = entry.encoded
        let leaf = LogHash.leaf(bytes)
        try database.execute(
            sql: """
                INSERT INTO entry (position, time, event, peer, transfer, bytes)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Int64(clamping: frontier.size), entry.time.secondsSince1970,
                Int64(entry.event.rawValue), entry.peer.map { Data($0.value.bytes) },
                entry.transfer.map { Data($0.bytes) }, Data(bytes),
            ])
        frontier.append(leaf)
        let checkpoint = try sign(state.log, frontier)
        try database.execute(
            sql: "INSERT INTO checkpoint (size, leaf, bytes) VALUES (?, ?, ?)",
            arguments: [
                Int64(clamping: frontier.size), Data(leaf.bytes), Data(checkpoint.encoded),
            ])
        try database.execute(
            sql: "UPDATE log SET size = ?, peaks = ?",
            arguments: [Int64(clamping: frontier.size), Data(frontier.peaks.flatMap(\.bytes))])
        return checkpoint
    }

    private func sign(_ log: LogID, _ frontier: LogFrontier) throws -> LogCheckpoint {
        let head = LogHead(log: log, size: frontier.size, root: frontier.root)
        guard let checkpoint = LogCheckpoint(head, at: SystemWallClock.now(), by: device) else {
            throw StoreFailure.failed("the log could not be signed")
        }
        return checkpoint
    }
}
