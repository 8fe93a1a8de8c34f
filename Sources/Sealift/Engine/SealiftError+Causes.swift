import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTransport

/// Which end of a transfer this machine is: the words of an error depend on it.
enum TransferRole {
    case send
    case receive
}

// Every cause that an engine meets, in the words of the user's next step.
extension SealiftError {
    /// A failure that is nobody's fault but sealift's or the machine's.
    init(_ code: ErrorCode, _ error: SystemError) {
        self.init(
            code, "the operating system refused something sealift needs",
            advice: "What was proven is kept; run the same command again.",
            cause: "\(error)")
    }

    /// The sockets could not be opened.
    init(listening error: SystemError) {
        self.init(
            .cannotListen, "the network sockets could not be opened",
            advice: "Check the address and port of --listen, and that no other program uses them.",
            cause: "\(error)")
    }

    /// Storage on this machine failed.
    init(_ failure: StorageFailure, doing role: TransferRole) {
        switch failure.kind {
        case .full:
            self.init(
                .diskFull, "the disk or the quota is full",
                advice: "Make room and run the same command again; it goes on where it stopped.",
                cause: failure.description)
        case .denied:
            self.init(
                .permissionDenied, "permission was denied",
                advice: role == .receive
                    ? "Choose another --output, or change the permissions, and run it again."
                    : "Change the permissions, or run it as a user who may read this.",
                cause: failure.description)
        case .exists:
            self.init(
                .destinationExists, "something appeared where a file was to be written",
                advice: "Move it away and run the same command again.",
                cause: failure.description)
        case .other:
            self.init(
                .storageFailed, "the disk failed",
                advice: "Look at the cause; what was proven is kept for the next run.",
                cause: failure.description)
        }
    }

    /// The sender said no inside the session.
    init(_ reason: RefusalReason) {
        switch reason {
        case .alreadyUsed:
            self.init(
                .ticketUsed, "the ticket was already used by another receiver",
                advice: "Each ticket is for one receiver: ask the sender for a new one.")
        case .expired:
            self.init(
                .ticketExpired, "the ticket expired before it was used",
                advice: "Ask the sender for a new one.")
        case .withdrawn:
            self.init(
                .ticketWithdrawn, "the sender took the ticket back",
                advice: "Ask the sender for a new one.")
        case .declined:
            self.init(
                .ticketDeclined, "the sender's user said no to this device",
                advice: "Ask them, and compare this device's fingerprint; then run this again.")
        case .unavailable:
            self.init(
                .ticketWithdrawn, "the sender could not judge the ticket: its disk failed",
                advice: "Ask the sender to look at its messages, then try again.")
        }
    }

    /// The other end broke the protocol.
    init(_ violation: TransferViolation) {
        if case .listing(let rule) = violation {
            self.init(
                .listingRefused, "the sender's list of files was refused: \(rule)",
                advice: "Nothing was written. Do not trust this sender without asking why.")
        } else {
            self.init(
                .protocolViolation, "the other end broke the protocol: \(violation.reason)",
                advice: "What was proven is kept. Check that both ends run a released sealift.")
        }
    }

    /// The session ended and nothing else explains why.
    init(_ ending: SessionEnding?, waited: Duration) {
        switch ending {
        case .noAnswer, nil:
            self.init(
                .cannotConnect,
                "nobody answered at the ticket's addresses within \(waited.components.seconds) s",
                advice: "Check that `sealift send` still runs, and that UDP from here reaches one "
                    + "of its addresses (firewalls, VPN, same network).")
        case .handshakeFailed(let error):
            self.init(
                .wrongSender, "who answered is not the device that made the ticket",
                advice: "Nothing was received. Ask the sender for a new ticket over a channel you "
                    + "trust.", cause: "\(error)")
        case .closedByPeer(.interrupted, _):
            self.init(
                .peerStopped, "the other end stopped and did not come back",
                advice: "Run the same command again when it is back; what was proven is kept.")
        case .closedByPeer(.integrity, _), .closed(.integrity, _):
            self.init(
                .rootMismatch, "the two ends computed different roots",
                advice: "Run the same command again; only what differs is fetched.")
        case .closedByPeer(.storage, let reason):
            self.init(
                .peerStopped, "the other end's disk failed",
                advice: "It has to be looked at there; what was proven is kept.",
                cause: PrintableText.escape(reason))
        case .closedByPeer(.violation, let reason), .closed(.violation, let reason):
            self.init(
                .protocolViolation, "the session broke the protocol",
                advice: "What was proven is kept. Check that both ends run a released sealift.",
                cause: PrintableText.escape(reason))
        case .closedByPeer(let code, let reason), .closed(let code, let reason):
            self.init(
                .connectionLost, "the session ended early (code \(code.rawValue))",
                advice: "Run the same command again; what was proven is kept.",
                cause: reason.isEmpty ? nil : PrintableText.escape(reason))
        case .lost:
            self.init(
                .connectionLost, "the connection was lost and did not come back",
                advice: "Run the same command again; what was proven is kept.")
        }
    }

    static func interrupted(byUserOf role: TransferRole) -> SealiftError {
        SealiftError(
            .interrupted, "stopped before the end",
            advice: role == .receive
                ? "Run the same command again: it goes on from what was proven."
                : "Send again with the same --ticket-file and the receiver goes on.")
    }

    static func rootsDiffer(ours: Hash256, theirs: Hash256) -> SealiftError {
        SealiftError(
            .rootMismatch, "the two ends computed different roots",
            advice: "Run the same command again. If it happens again, one of the two machines has "
                + "failing memory or a failing disk.",
            cause: "here \(ours), there \(theirs)")
    }

    static func destinationExists(_ names: [String], count: UInt64) -> SealiftError {
        let more = count > UInt64(names.count) ? " and \(count - UInt64(names.count)) more" : ""
        return SealiftError(
            .destinationExists,
            "\(count) of the files to receive exist already; nothing was changed",
            advice: "Move them away, or choose another --output.",
            cause: names.joined(separator: ", ") + more)
    }

    static func notEnoughSpace(needed: UInt64, free: UInt64) -> SealiftError {
        SealiftError(
            .diskFull, "there is not enough space: \(needed) bytes are needed, \(free) are free",
            advice: "Make room, or choose another --output; nothing was claimed or written.")
    }

    static func nobodyCame(waited: Duration) -> SealiftError {
        SealiftError(
            .nobodyCame, "no receiver came within \(waited.components.seconds) s",
            advice: "Send again, with a longer --wait or without it.")
    }
}

extension FileFailure {
    /// The reason in words.
    var explanation: String {
        switch self {
        case .vanished: "it was removed while it was being sent"
        case .changed: "it changed while it was being sent"
        case .unreadable: "it could not be read"
        }
    }
}

extension FileReport.Result {
    /// The receiver's result in the interface's terms.
    init(_ result: FileResult) {
        switch result {
        case .delivered, .deliveredAs: self = .received
        case .failedAtSender(let failure):
            self = .failed(reason: "at the sender, \(failure.explanation)")
        case .rootRefuted:
            self = .failed(reason: "its content is not what the sender says it is")
        case .unplaced(let failure): self = .failed(reason: failure.description)
        case .alreadyPlaced: self = .reused
        case .skipped(.notSelected): self = .skipped(reason: "it was not selected")
        case .skipped(.exists): self = .skipped(reason: "a file of that name exists already")
        case .diskRefuted:
            self = .failed(reason: "the disk gave back something else than was written to it")
        }
    }
}

extension StorageFailure {
    /// The operating system's error in the terms that decide what the user can do.
    init(_ error: SystemError) {
        let kind: Kind =
            if error.isOutOfSpace {
                .full
            } else if error.isAlreadyThere {
                .exists
            } else if error.isDenied {
                .denied
            } else {
                .other
            }
        self.init(kind: kind, description: "\(error)")
    }
}
