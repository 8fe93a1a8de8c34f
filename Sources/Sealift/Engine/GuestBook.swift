import SealiftCrypto
import SealiftTransfer
import SealiftTransport

/// The receivers that have a session with a sender, and how far each is.
struct GuestBook {
    typealias SessionID = SenderEndpoint.SessionID

    /// A receiver behind a session.
    struct Guest {
        let device: DeviceID
        fileprivate(set) var connection: PeerConnection
        /// Where its packets go.
        fileprivate(set) var path: PathID
        /// Whether it owns the ticket, or is one of many that accepted it, in this session.
        fileprivate(set) var isServed = false
        /// Whether it has everything it wanted, proven.
        fileprivate(set) var isComplete = false
        /// Whether that was everything there is.
        fileprivate(set) var isWhole = false
        /// Content bytes handed to its transport, as far as they were looked at.
        fileprivate(set) var sentBytes: UInt64 = 0
    }

    private var guests: [SessionID: Guest] = [:]
    /// The sessions that are served.
    private(set) var served: Set<SessionID> = []
    /// Content bytes of sessions that are gone, by device.
    private var sentBefore: [DeviceID: UInt64] = [:]

    subscript(id: SessionID) -> Guest? { guests[id] }

    /// Content bytes handed to transports in all sessions, also those that are gone.
    var sentBytes: UInt64 {
        guests.values.reduce(sentBefore.values.reduce(0, +)) { $0 + $1.sentBytes }
    }

    /// The same, to one device.
    func sentBytes(to device: DeviceID) -> UInt64 {
        sessions(of: device).reduce(sentBefore[device] ?? 0) { $0 + (guests[$1]?.sentBytes ?? 0) }
    }

    /// Content bytes handed to the transports of the sessions that are served.
    var sentToServed: UInt64 { served.reduce(0) { $0 + (guests[$1]?.sentBytes ?? 0) } }

    /// Whether somebody who is served has not confirmed the whole.
    var isAnyoneUnfinished: Bool { guests.values.contains { $0.isServed && !$0.isComplete } }

    /// Sessions of a device: more than one while a new one replaces an old one.
    func sessions(of device: DeviceID) -> [SessionID] {
        guests.filter { $0.value.device == device }.map(\.key)
    }

    /// A session stands.
    mutating func arrived(
        _ id: SessionID, device: DeviceID, connection: PeerConnection, on path: PathID
    ) {
        guests[id] = Guest(device: device, connection: connection, path: path)
    }

    /// A session's packets go another way from now on.
    mutating func moved(_ id: SessionID, connection: PeerConnection, to path: PathID) {
        guests[id]?.connection = connection
        guests[id]?.path = path
    }

    /// The sockets that sessions go by.
    var sockets: Set<Int> { Set(guests.values.map(\.path.socket)) }

    /// A session may ask for content.
    mutating func serve(_ id: SessionID) {
        guests[id]?.isServed = true
        served.insert(id)
    }

    /// A session whose receiver has everything it wanted; nil while there is none.
    var complete: (id: SessionID, guest: Guest)? {
        guests.first { $0.value.isComplete }.map { ($0.key, $0.value) }
    }

    /// A receiver has everything it wanted, proven.
    mutating func confirmed(_ id: SessionID, isWhole: Bool) {
        guests[id]?.isComplete = true
        guests[id]?.isWhole = isWhole
    }

    /// So many content bytes were handed to a session's transport.
    mutating func note(sent bytes: UInt64, to id: SessionID) {
        guests[id]?.sentBytes = bytes
    }

    /// A session is gone.
    /// - Returns: who it was, and whether it was served; nil for a session that never stood.
    mutating func left(_ id: SessionID) -> Guest? {
        guard let guest = guests.removeValue(forKey: id) else { return nil }
        sentBefore[guest.device, default: 0] += guest.sentBytes
        served.remove(id)
        return guest
    }
}
