internal import Sealift
internal import SealiftBase

/// What `sealift watch` shows. Names of files are escaped here; contacts' names hold nothing a terminal
/// acts on.
enum WatchView {
    /// An event in words, with its end of line; nil where there is nothing to say.
    static func text(_ event: WatchEvent, style: TerminalStyle) -> String? {
        switch event {
        case .watching(let folder, let contacts, let known):
            "watching \(PrintableText.escape(folder)) for \(contacts.joined(separator: ", "))"
                + (known == 0 ? "\n" : "; \(known) deliveries of earlier runs are known\n")
        case .settled(let name):
            "\(PrintableText.escape(name)) is complete\n"
        case .offer(let name, let contact, .unreachable):
            "\(contact) is away: \(PrintableText.escape(name)) stays open, and is tried again\n"
        case .offer(let name, let contact, .waiting):
            "\(contact) knows of \(PrintableText.escape(name)): it waits for their yes\n"
        case .offer(let name, let contact, .accepted), .offer(let name, let contact, .admitted):
            "\(contact) takes \(PrintableText.escape(name))\n"
        case .progress: nil
        case .received(let name, let contact, let bytes, true):
            style.good("\(contact) has \(PrintableText.escape(name))")
                + ", \(ByteText.text(bytes)), with a receipt\n"
        case .received(let name, let contact, let bytes, false):
            style.warning("\(contact) has \(PrintableText.escape(name))")
                + ", \(ByteText.text(bytes)), without a receipt for the whole: it is not deleted\n"
        case .failed(let name, let contact, let error):
            style.warning("\(PrintableText.escape(name)) did not get to \(contact)")
                + ": \(error.message)\n"
        case .deleted(let name):
            "\(PrintableText.escape(name)) is deleted here: every contact has it\n"
        case .kept(let name, let reason):
            style.warning("\(PrintableText.escape(name)) is not deleted")
                + ": \(PrintableText.escape(reason))\n"
        case .warning(let warning):
            style.warning(warning.message)
                + (warning.path.map { ": \(PrintableText.escape($0))" } ?? "") + "\n"
        }
    }

    /// An event as JSON.
    static func json(_ event: WatchEvent) -> JSONText {
        switch event {
        case .watching(let folder, let contacts, let known):
            JSONEvents.object(
                "watching",
                JSONEvents.path(folder) + [
                    ("contacts", .array(contacts.map { .string($0) })),
                    ("known", .integer(UInt64(known))),
                ])
        case .settled(let name): JSONEvents.object("settled", checkpoint(name))
        case .offer(let name, let contact, let standing):
            JSONEvents.object(
                "offer_told",
                checkpoint(name) + [
                    ("contact", .string(contact)), ("standing", .string(standing.rawValue)),
                ])
        case .progress(let name, let contact, let progress):
            JSONEvents.object(
                "delivery_progress",
                checkpoint(name) + [
                    ("contact", .string(contact)), ("phase", .string(progress.phase.rawValue)),
                    ("bytes_done", .integer(progress.bytesDone)),
                    ("bytes_total", .integer(progress.bytesTotal)),
                    ("bytes_per_second", .integer(progress.bytesPerSecond)),
                ])
        case .received(let name, let contact, let bytes, let hasReceipt):
            JSONEvents.object(
                "received",
                checkpoint(name) + [
                    ("contact", .string(contact)), ("bytes", .integer(bytes)),
                    ("receipt", .bool(hasReceipt)),
                ])
        case .failed(let name, let contact, let error):
            JSONEvents.object(
                "delivery_failed",
                checkpoint(name) + [
                    ("contact", .string(contact)), ("error", .string(error.code.rawValue)),
                    ("message", .string(error.message)),
                ])
        case .deleted(let name): JSONEvents.object("deleted", checkpoint(name))
        case .kept(let name, let reason):
            JSONEvents.object(
                "kept", checkpoint(name) + [("reason", .string(PrintableText.escape(reason)))])
        case .warning(let warning): JSONEvents.line(.warning(warning))
        }
    }

    private static func checkpoint(_ name: [UInt8]) -> [(String, JSONText)] {
        JSONEvents.path(name, named: "checkpoint")
    }
}
