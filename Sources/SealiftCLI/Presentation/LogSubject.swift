internal import SealiftBase
internal import SealiftPeople

/// What an entry of the log is about, by its parts: of people, shares and offers the parts mean something
/// else than paths (`docs/PROTOCOL.md` §12.1).
struct LogSubject {
    /// The paths that it names.
    let paths: [[UInt8]]
    /// What else it names, for scripts; nothing for transfers.
    let members: [(String, JSONText)]

    init(_ entry: AuditEntry) {
        let parts = entry.subject.split(separator: 0, omittingEmptySubsequences: false).map(
            Array.init)
        func text(_ index: Int) -> JSONText {
            guard parts.indices.contains(index), !parts[index].isEmpty else { return .null }
            return .string(PrintableText.escape(parts[index]))
        }
        let person = [("contact", text(0)), ("identity", text(1))]
        let isUpload = entry.decision == .share
        switch entry.event {
        case .contactChanged, .verified:
            (paths, members) = ([], person)
        case .granted, .revoked:
            (paths, members) = ([], person + [("share", text(2))])
        case .shareChanged:
            (paths, members) = (Array(parts.dropFirst()), [("share", text(0))])
        case .ruleChanged:
            (paths, members) = (Array(parts.dropFirst(2)), person)
        case .offered, .accepted:
            // Out of quarantine: also where to.
            (paths, members) = (
                isUpload ? [] : Array(parts.dropFirst(4)),
                person + [
                    ("offer", text(2)), ("offered_bytes", Self.size(parts)),
                    ("share", isUpload ? text(4) : .null),
                ]
            )
        case .deleted where Self.discardReasons.contains(entry.reason):
            (paths, members) = (
                Array(parts.dropFirst(4)),
                person + [("offer", text(2)), ("offered_bytes", Self.size(parts))]
            )
        case .transferDenied where Self.isOffer(entry):
            (paths, members) = (
                [],
                person + [
                    ("offer", text(2)), ("offered_bytes", Self.size(parts)), ("share", text(4)),
                ]
            )
        default:
            (paths, members) = (parts.filter { !$0.isEmpty }, [])
        }
    }

    /// Whether an entry that something was denied is about an offer; the others are about transfers.
    private static func isOffer(_ entry: AuditEntry) -> Bool {
        offerReasons.contains(entry.reason) || entry.reason.hasPrefix("upload_")
    }

    private static let offerReasons: Set<String> = [
        "offer_declined", "offer_withdrawn", "offer_impossible", "offer_too_many_waiting",
        "offer_inbox_full", "offer_lookup_failed",
    ]

    /// Why something that was held in quarantine was deleted.
    private static let discardReasons: Set<String> = ["offer_discard", "offer_discarded"]

    private static func size(_ parts: [[UInt8]]) -> JSONText {
        guard parts.count > 3, let text = String(validating: parts[3], as: UTF8.self),
            let bytes = UInt64(text)
        else { return .null }
        return .integer(bytes)
    }
}
