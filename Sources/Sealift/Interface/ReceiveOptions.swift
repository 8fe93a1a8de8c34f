import SealiftCrypto
public import SealiftTransfer

/// What a receiver is asked to do.
public struct ReceiveOptions: Sendable {
    /// The ticket that the sender handed over.
    public var ticket: Ticket
    /// What the ticket's key was made for.
    var role = SessionRole.ticket
    /// The folder to receive into, as the bytes of a path; created where it is missing.
    public var output: [UInt8]
    /// How long to try for the first contact.
    public var connectTimeout: Duration
    /// Which part to take, what to do where a name is taken, and whether to read the disk back.
    public var choices: ReceiverChoices
    /// The folder of sealift's own state, or nil for the default (XDG data folder).
    public var home: [UInt8]?

    /// How long to try for the first contact unless told otherwise: 30 seconds.
    public static let defaultConnectTimeout: Duration = .seconds(30)

    /// Makes options from a ticket that was read already.
    init(
        ticket: Ticket, role: SessionRole, output: [UInt8], connectTimeout: Duration,
        choices: ReceiverChoices, home: [UInt8]?
    ) {
        self.ticket = ticket
        self.role = role
        self.output = output
        self.connectTimeout = connectTimeout
        self.choices = choices
        self.home = home
    }

    /// Makes options from the text of a ticket.
    /// - Throws: what is wrong with the ticket, and what to do about it.
    public init(
        ticketText: String, output: [UInt8] = Array(".".utf8),
        connectTimeout: Duration = ReceiveOptions.defaultConnectTimeout,
        choices: ReceiverChoices = ReceiverChoices(), home: [UInt8]? = nil
    ) throws(SealiftError) {
        do {
            ticket = try Ticket(text: ticketText)
        } catch {
            throw SealiftError(error)
        }
        self.output = output
        self.connectTimeout = connectTimeout
        self.choices = choices
        self.home = home
    }
}

extension SealiftError {
    /// The words for a text that is no usable ticket.
    init(_ error: TicketError) {
        switch error {
        case .notATicket:
            self.init(
                .notATicket, "this is not a ticket",
                advice:
                    "A ticket is the line beginning with \"sealift1\" that `sealift send` prints.")
        case .mistyped:
            self.init(
                .ticketMistyped, "the ticket was mistyped or cut",
                advice: "Copy the whole line again; case and white space do not matter.")
        case .newerVersion:
            self.init(
                .ticketNewerVersion, "the ticket was made by a newer sealift",
                advice: "Install the sender's version of sealift here, then run this again.")
        case .malformed:
            self.init(
                .ticketMalformed, "the ticket was copied whole but holds an impossible value",
                advice:
                    "Ask the sender for a new ticket, and which version of sealift made this one.")
        }
    }
}
