import SealiftBase
import SealiftCrypto
import SealiftPeople

/// What a sender gives, and to whom, where it is no bearer's ticket but a right of somebody's.
struct GrantedContent: Equatable {
    /// The devices that may have it; everybody else is refused, ticket or not.
    var recipients: Set<DeviceID>
    /// The part of a share that was granted; everything for what is sent by hand.
    var part: PathSubset = .everything
    /// What a folder is called at the receiver, whatever it is called on this disk; nil for its own name.
    var name: [UInt8]?
    /// Why it is given, for the log.
    var decision: AuditEntry.Decision

    /// Whether what the scanner found at `path` belongs to it.
    func lists(_ path: [UInt8], isFolder: Bool) -> Bool {
        if case .everything = part { return true }
        guard let slash = path.firstIndex(of: UInt8(ascii: "/")) else {
            // The share itself: a folder that leads to what was granted.
            return isFolder
        }
        guard let inside = GrantedPath(path[(slash + 1)...]) else { return false }
        return part.contains(inside) || (isFolder && part.leads(through: inside))
    }
}
