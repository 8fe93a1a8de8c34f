import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer

/// Issues this run's ticket, or serves one again, and judges who may have it.
///
/// Every decision about the ticket is on disk before anybody acts on it.
struct TicketDesk {
    private let home: StateHome
    private let options: SendOptions
    /// What is sent: canonical and absolute.
    let paths: [[UInt8]]
    /// The ticket that `--ticket-file` held, which serves again.
    private let servedAgain: (ticket: Ticket, record: TicketRecord)?
    private var record: TicketRecord?
    private var issued: Ticket?

    init(home: StateHome, options: SendOptions, sources: SendArguments) throws(SealiftError) {
        self.home = home
        self.options = options
        let paths = sources.canonicalPaths
        self.paths = paths
        try home.sweepTickets(now: SystemWallClock.now())
        servedAgain = try options.ticketFile.flatMap { file throws(SealiftError) in
            try Self.served(
                from: file, home: home, paths: paths, audience: options.audience.ofTicket)
        }
    }

    /// The run's ticket.
    /// - Precondition: the desk was opened.
    var ticket: Ticket {
        guard let issued else { preconditionFailure("a desk issues its ticket when it opens") }
        return issued
    }

    /// Whether `device` accepted the ticket, in this run or before.
    func isClaimed(by device: DeviceID) -> Bool { record?.isClaimed(by: device) ?? false }

    // MARK: Opening

    /// Opens the sockets: those of the ticket served again, those the user named, or both families.
    func openSockets() throws(SystemError) -> [DatagramSocket] {
        let wanted: [SocketAddress]
        if let servedAgain {
            wanted = servedAgain.record.listen.compactMap {
                SocketAddress(bytes: $0.bytes, port: $0.port)
            }
        } else {
            wanted = options.listen.compactMap { SocketAddress(bytes: $0.bytes, port: $0.port) }
        }
        return try options.network.openSockets(listen: wanted)
    }

    /// Whether the ticket's addresses are still to be found: it is new, and the user named none.
    var needsAddresses: Bool { servedAgain == nil && options.advertise.isEmpty }

    /// Issues the ticket for the sockets that are open, or takes up the one that serves again.
    /// - Parameter reflexive: what servers outside see of the sockets.
    mutating func open(
        sockets: [DatagramSocket], reflexive: [SocketAddress], fingerprint: DeviceFingerprint
    ) throws(SealiftError) {
        if let servedAgain {
            guard servedAgain.ticket.fingerprint == fingerprint else {
                throw Self.inUse("it was issued by another device")
            }
            issued = servedAgain.ticket
            record = servedAgain.record
            return
        }
        var entropy = SealiftCrypto.SystemEntropy()
        let secret = PreSharedKey.generate(entropy: &entropy)
        let now = SystemWallClock.now()
        let expires = now.adding(seconds: options.expires.components.seconds)
        let listen = sockets.map(\.localAddress).compactMap {
            PeerAddress(bytes: $0.bytes, port: $0.port)
        }
        guard
            let record = TicketRecord(
                secret: secret, created: now, expires: expires, paths: paths, listen: listen,
                audience: options.audience.ofTicket),
            let ticket = Ticket(
                secret: secret, fingerprint: fingerprint, expires: expires,
                addresses: try advertised(for: sockets, reflexive))
        else {
            throw SealiftError(
                .usage, "the ticket cannot be made: too many addresses or paths",
                advice: "Name fewer --listen addresses, at most 16.")
        }
        try home.changeTicket(secret) { _ in (record, ()) }
        if let file = options.ticketFile { try Self.write(ticket, to: file) }
        self.record = record
        issued = ticket
    }

    /// What goes into the ticket: the user's own list, or every address that the sockets can be
    /// reached at.
    private func advertised(
        for sockets: [DatagramSocket], _ reflexive: [SocketAddress]
    ) throws(SealiftError) -> [PeerAddress] {
        if !options.advertise.isEmpty {
            return options.advertise.compactMap { PeerAddress(bytes: $0.bytes, port: $0.port) }
        }
        return try options.network.ticketAddresses(of: sockets, reflexive: reflexive)
    }

    // MARK: Ticket file

    private static func served(
        from file: [UInt8], home: StateHome, paths: [[UInt8]], audience: TicketRecord.Audience
    ) throws(SealiftError) -> (Ticket, TicketRecord)? {
        let text: [UInt8]?
        do { text = try TicketFile.read(file) } catch {
            throw SealiftError(StorageFailure(error), doing: .send)
        }
        guard let text else { return nil }
        guard let ticket = try? Ticket(text: String(decoding: text, as: UTF8.self)) else {
            throw inUse("it is not a ticket")
        }
        let record = try home.changeTicket(ticket.secret) { (nil, $0) }
        guard let record else { throw inUse("the ticket in it was not issued by this home") }
        switch TicketRules.serving(
            record, paths: paths, audience: audience, now: SystemWallClock.now())
        {
        case .servesAgain: return (ticket, record)
        case .otherAudience:
            throw inUse(
                audience == .oneDevice
                    ? "the ticket in it was issued with --keep, for many receivers"
                    : "the ticket in it was issued without --keep, for one receiver")
        case .otherPaths: throw inUse("the ticket in it was issued for other paths")
        case .spent: throw inUse("the ticket in it is spent: its receiver has everything")
        case .expired: throw inUse("the ticket in it has expired")
        case .withdrawn: throw inUse("the ticket in it was taken back")
        }
    }

    private static func write(_ ticket: Ticket, to file: [UInt8]) throws(SealiftError) {
        do throws(SystemError) {
            try TicketFile.create(file, ticket.text + "\n")
        } catch {
            throw SealiftError(StorageFailure(error), doing: .send)
        }
    }

    private static func inUse(_ reason: String) -> SealiftError {
        SealiftError(
            .ticketFileInUse, "the --ticket-file cannot be used: \(reason)",
            advice: "Name another file, or remove this one; it was not touched.")
    }

    // MARK: Judging

    /// Why `device` gets nothing; nil where it may look at the offer.
    func refusal(for device: DeviceID) -> RefusalReason? {
        guard let record else { return .unavailable }
        return Self.refusal(TicketRules.claim(record, by: device, now: SystemWallClock.now()))
    }

    /// Gives the ticket to `device` if it may have it, on disk before the answer.
    /// - Returns: the refusal; nil where the device owns the ticket now.
    mutating func claim(by device: DeviceID) throws(SealiftError) -> RefusalReason? {
        let now = SystemWallClock.now()
        let (refusal, updated) = try home.changeTicket(ticket.secret) {
            stored -> (TicketRecord?, (RefusalReason?, TicketRecord?)) in
            guard let stored else { return (nil, (.withdrawn, nil)) }
            let decision = TicketRules.claim(stored, by: device, now: now)
            if case .claimed(let claimed) = decision { return (claimed, (nil, claimed)) }
            return (nil, (Self.refusal(decision), stored))
        }
        record = updated ?? record
        return refusal
    }

    /// Notes that `device`, which may have it, confirmed the whole.
    mutating func complete(by device: DeviceID) throws(SealiftError) {
        let now = SystemWallClock.now()
        record = try home.changeTicket(ticket.secret) { stored in
            let spent = stored.map { TicketRules.complete($0, by: device, now: now) }
            return (spent, spent)
        }
    }

    /// The error with which a run ends whose ticket nobody can use any more; nil while somebody can.
    func expired() -> SealiftError? {
        guard let record else { return nil }
        guard
            case .expired = TicketRules.serving(
                record, paths: paths, audience: record.audience, now: SystemWallClock.now())
        else { return nil }
        return SealiftError(
            .ticketExpired, "the ticket expired before a receiver finished",
            advice: "Send again for a new ticket, with a longer --expires if need be.")
    }

    private static func refusal(_ decision: TicketRules.ClaimDecision) -> RefusalReason? {
        switch decision {
        case .claimed, .alreadyYours: nil
        case .alreadyUsed: .alreadyUsed
        case .expired: .expired
        case .withdrawn: .withdrawn
        }
    }
}

extension SendOptions.Audience {
    /// The same, as the ticket's record has it.
    fileprivate var ofTicket: TicketRecord.Audience {
        switch self {
        case .oneReceiver: .oneDevice
        case .manyReceivers: .manyDevices
        }
    }
}
