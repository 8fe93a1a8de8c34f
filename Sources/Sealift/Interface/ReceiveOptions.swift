public import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
public import SealiftRendezvous
public import SealiftTransfer

/// What a receiver is asked to do.
public struct ReceiveOptions: Sendable {
    /// The ticket that the sender handed over.
    public var ticket: Ticket
    /// What the ticket's key was made for.
    var role = SessionRole.ticket
    /// Why it is taken, for the log, where it is not the ticket or code alone.
    var decision: AuditEntry.Decision?
    /// The folder to receive into, as the bytes of a path; created where it is missing.
    public var output: [UInt8]
    /// How long to try for the first contact.
    public var connectTimeout: Duration
    /// What to do where something stands at a name that this transfer did not put there.
    public var onConflict: ConflictPolicy
    /// Which part of what is offered to take.
    public var selection: EntrySelection
    /// Whether to read every file back from the disk before the whole is confirmed.
    public var verifiesDisk: Bool
    /// Where the manifest of what was delivered is written (`docs/PROTOCOL.md` §8.4), or nil.
    public var manifest: [UInt8]?
    /// The rendezvous servers to call the sender through where its addresses do not answer; empty for none.
    public var rendezvous: [RendezvousAddress] = []
    /// The STUN servers to ask what addresses this machine has outside.
    public var stun: [StunServer] = []
    /// Which part of the network may be used.
    public var network = NetworkPolicy()
    /// The user's own relay, used where nothing direct is found; nil for none.
    public var relay: RelayAccess?
    /// The folder of sealift's own state, or nil for the default (XDG data folder).
    public var home: [UInt8]?
    /// Where the passphrase of that state comes from, where it has one.
    public var passphrase = PassphraseSource.none

    /// The place in quarantine that it goes to; nil where it goes to the output itself.
    var quarantine: QuarantinePlace?

    /// The folder received into, where it is open already: ``output`` is then only what it is called, for the log.
    var folder: DirectoryHandle?

    /// Where a run that is one of many into the same folder notes what it learns; nil for a run of its own.
    var ledger: SyncLedger?

    /// The rendezvous servers that may be contacted.
    var contactedServers: [RendezvousAddress] { network.signaling == .allowed ? rendezvous : [] }

    /// The relay that may be contacted.
    var contactedRelay: RelayAccess? { network.signaling == .allowed ? relay : nil }

    /// What to do where a name is taken. Decided over the whole listing before a byte moves.
    public enum ConflictPolicy: String, CaseIterable, Sendable {
        /// Receive nothing.
        case fail
        /// Leave the file out, and what is there as it is.
        case skip
        /// Put a number into the new file's name.
        case rename
        /// Replace what is there, by the same kind only.
        case overwrite
    }

    /// The choices in the core's terms.
    var choices: ReceiverChoices {
        let policy: ReceiverChoices.OnConflict =
            switch onConflict {
            case .fail: .fail
            case .skip: .skip
            case .rename: .rename
            case .overwrite: .overwrite
            }
        return ReceiverChoices(
            onConflict: policy, selection: selection, verifiesDisk: verifiesDisk)
    }

    /// How long to try for the first contact unless told otherwise: 19 seconds, so that within 20 it is said
    /// why there was none.
    public static let defaultConnectTimeout: Duration = .seconds(19)

    /// Makes options from a ticket that was read already.
    init(
        ticket: Ticket, role: SessionRole, output: [UInt8], connectTimeout: Duration,
        home: [UInt8]?
    ) {
        self.ticket = ticket
        self.role = role
        self.output = output
        self.connectTimeout = connectTimeout
        onConflict = .fail
        selection = .everything
        verifiesDisk = false
        self.home = home
    }

    /// Makes options from the text of a ticket.
    /// - Throws: what is wrong with the ticket, and what to do about it.
    public init(
        ticketText: String, output: [UInt8] = Array(".".utf8),
        connectTimeout: Duration = ReceiveOptions.defaultConnectTimeout,
        onConflict: ConflictPolicy = .fail, selection: EntrySelection = .everything,
        verifiesDisk: Bool = false, manifest: [UInt8]? = nil,
        home: [UInt8]? = nil
    ) throws(SealiftError) {
        do {
            ticket = try Ticket(text: ticketText)
        } catch {
            throw SealiftError(error)
        }
        self.output = output
        self.connectTimeout = connectTimeout
        self.onConflict = onConflict
        self.selection = selection
        self.verifiesDisk = verifiesDisk
        self.manifest = manifest
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
