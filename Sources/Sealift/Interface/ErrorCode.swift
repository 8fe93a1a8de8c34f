/// The stable name of an error, as it stands in `--json` output. Names are never reused or changed.
public enum ErrorCode: String, CaseIterable, Sendable {
    // The network.
    /// Nobody answered at any of the ticket's addresses within the time for the first contact.
    case cannotConnect = "cannot_connect"
    /// The sender's `--wait` ran out before a receiver came.
    case nobodyCame = "nobody_came"
    /// The address to listen on could not be bound.
    case cannotListen = "cannot_listen"

    /// No rendezvous server could be used.
    case rendezvousUnreachable = "rendezvous_unreachable"

    // The code.
    /// The text is no code, or a word or the number is mistyped. Nothing was sent.
    case codeMistyped = "code_mistyped"
    /// Nobody waits with the code's number.
    case codeUnknown = "code_unknown"
    /// The words are not the sender's; the code is used up.
    case codeWrong = "code_wrong"

    // The ticket.
    /// The text is no ticket at all.
    case notATicket = "not_a_ticket"
    /// The text looks like a ticket but was mistyped or cut.
    case ticketMistyped = "ticket_mistyped"
    /// The ticket was made by a newer sealift.
    case ticketNewerVersion = "ticket_newer_version"
    /// The ticket's checksum is right but its content is impossible.
    case ticketMalformed = "ticket_malformed"
    /// Another receiver owns the ticket.
    case ticketUsed = "ticket_used"
    /// The ticket's time is over, by the sender's clock.
    case ticketExpired = "ticket_expired"
    /// The sender took the ticket back.
    case ticketWithdrawn = "ticket_withdrawn"
    /// The sender's user said no to this device.
    case ticketDeclined = "ticket_declined"
    /// Who answered is not the device that issued the ticket.
    case wrongSender = "wrong_sender"

    /// The file that should hold the ticket could not be read.
    case ticketFileUnreadable = "ticket_file_unreadable"

    // People.
    /// There is no identity on this machine yet.
    case identityMissing = "identity_missing"
    /// There is an identity on this machine already, or its device does not speak for it any more.
    case identityConflict = "identity_conflict"
    /// The secrets of this machine are under a passphrase, and none was given.
    case passphraseNeeded = "passphrase_needed"
    /// The passphrase is another.
    case passphraseWrong = "passphrase_wrong"
    /// The recovery words are needed, and nobody can be asked for them.
    case wordsNeeded = "words_needed"
    /// The text is not 24 recovery words that belong together, or the words are another identity's.
    case wordsWrong = "words_wrong"
    /// The file is no backup, or was cut or altered.
    case backupDamaged = "backup_damaged"
    /// No device of the identity that speaks for it has this fingerprint, or several begin so.
    case deviceUnknown = "device_unknown"
    /// No contact has this name.
    case contactUnknown = "contact_unknown"
    /// The name cannot be a contact's, or is another's, or looks like another's.
    case nameRefused = "name_refused"
    /// Who is at the other end is not who was pinned.
    case identityChanged = "identity_changed"
    /// The numbers that two contacts compare differ.
    case safetyNumberDiffers = "safety_number_differs"
    /// The other end showed an identity or devices that are refused.
    case introductionRefused = "introduction_refused"
    /// The file is no invitation, was mistyped or cut, or is from a newer version.
    case invitationUnusable = "invitation_unusable"

    // Sharing.
    /// The contact's machine does not allow it.
    case accessDenied = "access_denied"
    /// The contact's machine cannot do it now.
    case peerUnavailable = "peer_unavailable"
    /// No share has this name.
    case shareUnknown = "share_unknown"
    /// The contact has no grant in the share.
    case memberUnknown = "member_unknown"
    /// No rule has this number.
    case ruleUnknown = "rule_unknown"
    /// No offer has this id, or several begin with it.
    case offerUnknown = "offer_unknown"
    /// The offer was answered already.
    case offerSettled = "offer_settled"
    /// The contact was never verified, and this is only for those who were.
    case notVerified = "not_verified"
    /// There are as many as there may be.
    case limitReached = "limit_reached"
    /// The clock stands so far behind the latest time known that the end would have passed already.
    case clockBehind = "clock_behind"

    // What arrived.
    /// The two ends computed different roots for the whole.
    case rootMismatch = "root_mismatch"
    /// The other end broke the protocol.
    case protocolViolation = "protocol_violation"
    /// The sender's list of files breaks a rule: a path outside, a forbidden name, an impossible size.
    case listingRefused = "listing_refused"

    /// The manifest to compare with is none, or was damaged.
    case manifestDamaged = "manifest_damaged"
    /// What lies on the disk is not what the manifest says.
    case treeDiffers = "tree_differs"

    /// The audit log is not what this device signed, or cannot be continued.
    case logDamaged = "log_damaged"

    // Files and disks.
    /// A file or folder to send or hash does not exist.
    case sourceNotFound = "source_not_found"
    /// A file or folder to send or hash could not be read.
    case sourceUnreadable = "source_unreadable"
    /// The file system permissions forbid it.
    case permissionDenied = "permission_denied"
    /// The disk or the quota is full, or would be.
    case diskFull = "disk_full"
    /// Another failure of a disk or file system.
    case storageFailed = "storage_failed"
    /// The folder for sealift's own state cannot be used.
    case homeUnusable = "home_unusable"

    // Conflicts.
    /// A file that would be written exists already.
    case destinationExists = "destination_exists"
    /// The `--ticket-file` holds something else than an unexpired ticket of ours for the same paths.
    case ticketFileInUse = "ticket_file_in_use"
    /// The receiver said no.
    case declined = "declined"
    /// Another run uses the same state.
    case alreadyRunning = "already_running"

    // The command line, and the end of a run.
    /// The command line is wrong.
    case usage = "usage"
    /// The user stopped this run.
    case interrupted = "interrupted"
    /// The other end stopped, or was stopped.
    case peerStopped = "peer_stopped"
    /// The connection was lost and did not come back.
    case connectionLost = "connection_lost"
    /// A fault of sealift itself; nothing that was proven is lost.
    case internalFailure = "internal_failure"

    /// The exit status that goes with this error.
    public var exitStatus: ExitStatus {
        switch self {
        case .cannotConnect, .nobodyCame, .cannotListen, .rendezvousUnreachable, .peerUnavailable:
            .cannotConnect
        case .notATicket, .ticketMistyped, .ticketNewerVersion, .ticketMalformed, .ticketUsed,
            .ticketExpired, .ticketWithdrawn, .ticketDeclined, .wrongSender,
            .codeMistyped, .codeUnknown, .codeWrong, .invitationUnusable:
            .ticket
        case .rootMismatch, .protocolViolation, .listingRefused, .manifestDamaged, .treeDiffers,
            .logDamaged, .backupDamaged, .identityChanged, .safetyNumberDiffers,
            .introductionRefused:
            .integrity
        case .sourceNotFound, .sourceUnreadable, .permissionDenied, .diskFull, .storageFailed,
            .homeUnusable, .ticketFileUnreadable, .identityMissing, .passphraseNeeded,
            .passphraseWrong, .wordsNeeded, .wordsWrong:
            .storage
        case .destinationExists, .ticketFileInUse, .declined, .alreadyRunning, .identityConflict,
            .nameRefused, .offerSettled, .notVerified, .limitReached, .clockBehind,
            .accessDenied:
            .conflict
        case .usage, .contactUnknown, .shareUnknown, .memberUnknown, .ruleUnknown, .offerUnknown,
            .deviceUnknown:
            .usage
        case .interrupted, .peerStopped, .connectionLost, .internalFailure: .interrupted
        }
    }
}
