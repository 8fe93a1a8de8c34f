import Glibc
import SealiftBase
import SealiftIO
public import SealiftPeople
import SealiftStore

/// What a member gets in a share, as the user says it. What is nil stays as it is for somebody who is a
/// member, and has no limit for somebody who is not.
public struct GrantTerms: Equatable, Sendable {
    /// What the member is; a viewer where nothing is said.
    public var role: Role?
    /// The only paths inside the share that the member sees, as bytes.
    public var paths: [[UInt8]]?
    /// How long it holds, from now on.
    public var expires: Duration?
    /// How many bytes the member may move in all, both ways.
    public var quota: UInt64?
    /// Whether somebody has to agree before the first download.
    public var needsApproval: Bool

    /// Terms.
    public init(
        role: Role? = nil, paths: [[UInt8]]? = nil, expires: Duration? = nil,
        quota: UInt64? = nil, needsApproval: Bool = false
    ) {
        self.role = role
        self.paths = paths
        self.expires = expires
        self.quota = quota
        self.needsApproval = needsApproval
    }
}

extension StateHome {
    /// The time that ends are judged by, without moving the floor.
    func judgedTime() throws(SealiftError) -> WallTime {
        let now = SystemWallClock.now()
        switch try store().clockFloor() {
        case .found(let floor): return floor.time(now: now)
        case .absent: return now
        case .failed: throw SealiftError(log: .damaged("the floor of the clock cannot be read"))
        }
    }

    /// The end of what holds for `duration` from now on.
    ///
    /// It is counted from the clock and judged by the floor: where the clock was set back, what ends does
    /// so too early rather than too late.
    func end(after duration: Duration?) throws(SealiftError) -> WallTime? {
        guard let duration else { return nil }
        let end = SystemWallClock.now().adding(seconds: duration.components.seconds)
        guard try end > judgedTime() else {
            throw SealiftError(
                .clockBehind,
                "by the latest time that this machine was sure of, that would be over",
                advice: "Set this machine's clock, or give a longer time.")
        }
        return end
    }

    /// The folder of sealift's own state, and everything above and below: nothing there is shared, and
    /// nothing of others goes there.
    /// - Parameter path: absolute and without links.
    func demandApart(
        _ path: [UInt8], _ error: @autoclosure () -> SealiftError
    ) throws(SealiftError) {
        let own: [UInt8]
        do throws(SystemError) {
            own = try ScanRoot.canonicalPath(of: Array(folder.pathThroughDescriptor(of: ".").utf8))
        } catch {
            throw SealiftError(home: error)
        }
        guard !Self.isWithin(own, path), !Self.isWithin(path, own) else { throw error() }
    }

    /// Whether `path` is `folder` or lies below it.
    static func isWithin(_ path: [UInt8], _ folder: [UInt8]) -> Bool {
        let slash = UInt8(ascii: "/")
        let components = { (path: [UInt8]) in path.split(separator: slash) }
        return components(path).starts(with: components(folder))
    }

    /// The user's home folder, without links; nil where the environment names none.
    static func userFolder() -> [UInt8]? {
        guard let home = getenv("HOME") else { return nil }
        return try? ScanRoot.canonicalPath(of: Array(String(cString: home).utf8))
    }

    /// The log, opened to be appended to, and the floor of the clock moved to now. Asks for the passphrase
    /// where there is one.
    func log() throws(SealiftError) -> AuditLog {
        let device = try device()
        return try storing { () throws(StoreFailure) in
            let log = try AuditLog(Store(in: folder), of: device)
            _ = try log.moveClockFloor(now: SystemWallClock.now())
            return log
        }
    }

    /// The contact of this very name, and how far it was checked.
    func contact(
        named name: String
    ) throws(SealiftError) -> (identity: IdentityID, standing: ContactStanding) {
        let found = try standings().first { $0.value.name.text.utf8.elementsEqual(name.utf8) }
        guard let found else { throw SealiftError(unknownContact: name) }
        return (identity: found.key, standing: found.value)
    }

    /// Everybody whom the user added, by name only.
    func standings() throws(SealiftError) -> [IdentityID: ContactStanding] {
        try storing { () throws(StoreFailure) in try Store(in: folder).contactStandings() }
    }
}

/// What `body` does with the store, its failure in a user's terms.
func storing<Value>(
    _ body: () throws(StoreFailure) -> Value
) throws(SealiftError) -> Value {
    do throws(StoreFailure) { return try body() } catch { throw SealiftError(log: error) }
}

/// Who somebody is, in lists of shares, rules and offers.
public struct PersonSummary: Equatable, Sendable {
    /// What the user calls them; nil for one who is no contact any more.
    public var name: String?
    /// Who they are.
    public var identity: IdentityID
    /// Whether the identity is who the user means.
    public var isVerified: Bool
    /// Whether the user wants to hear nothing of them.
    public var isBlocked: Bool
    /// Whether it is the user, in somebody else's share.
    public var isSelf = false

    init(_ identity: IdentityID, _ standing: ContactStanding?) {
        name = standing?.name.text
        self.identity = identity
        isVerified = standing?.isVerified ?? false
        isBlocked = standing?.isBlocked ?? false
    }
}

extension SealiftError {
    /// Why a change of shares was refused.
    init(share refusal: ShareRefusal, share: String, contact: String? = nil) {
        let share = PrintableText.escape(share)
        let contact = contact.map { PrintableText.escape($0) } ?? "the contact"
        switch refusal {
        case .unknownShare: self.init(unknownShare: share)
        case .nameTaken:
            self.init(
                .nameRefused, "there is a share called \(share) already",
                advice: "Choose another name with --name.")
        case .looksLike(let other):
            self.init(
                .nameRefused, "\(share) looks like the name of another share, \(other)",
                advice: "Choose a name that nobody takes for the other, with --name.")
        case .full:
            self.init(
                .limitReached, "there are as many shares, or members of it, as there may be",
                advice: "Remove some first.")
        case .unknownContact: self.init(unknownContact: contact)
        case .notVerified:
            self.init(
                .notVerified, "\(contact) is not verified, and can be a viewer only",
                advice: "Compare the safety number first: `sealift contact verify \(contact)`.")
        case .owner:
            self.init(
                .usage, "the owner of a share is this machine's user, for good",
                advice: "To end the share, run `sealift share remove \(share)`.")
        case .notMember:
            self.init(
                .memberUnknown, "\(contact) is no member of \(share)",
                advice: "`sealift share members \(share)` shows who is.")
        case .tooManyPaths:
            self.init(
                .usage, "a grant has at most \(PathSubset.maximumPathCount) paths",
                advice: "Name the folders that hold them.")
        case .noApprovalAwaited:
            self.init(
                .usage, "no approval is awaited for \(contact) in \(share)",
                advice: "`sealift share members \(share)` shows who waits for one.")
        case .denied, .beyondOwnGrant:
            self.init(
                .permissionDenied, "that member may not do this",
                advice: "Only who governs members may, and gives no more than they have.")
        }
    }

    init(unknownShare name: String) {
        self.init(
            .shareUnknown, "no share is called \(PrintableText.escape(name))",
            advice: "`sealift share list` shows them.")
    }
}
