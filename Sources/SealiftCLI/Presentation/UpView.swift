internal import Sealift
internal import SealiftBase

/// What `sealift up` shows. Names in events are contacts' names, which hold nothing a terminal acts on, or
/// escaped already.
enum UpView {
    /// An event in words, with its end of line.
    static func text(_ event: UpEvent, style: TerminalStyle) -> String {
        switch event {
        case .listening(let addresses, let contacts, let shares, let held):
            let places = addresses.map(\.description).joined(separator: ", ")
            return
                "serving \(count(shares, "share")) to \(count(contacts, "contact")) at \(places)\n"
                + (held == 0
                    ? "" : "\(count(held, "offer")) held in quarantine: see `sealift inbox`\n")
        case .asked(let contact, let question, let isGranted):
            return "\(contact) asked for \(words(question))"
                + (isGranted ? "" : style.warning(": refused"))
                + "\n"
        case .downloadBegan(let contact, let share):
            return "\(contact) downloads \(share)\n"
        case .downloadEnded(let contact, let share, let bytes, nil):
            return style.good("\(contact) has \(share)") + ", \(ByteText.text(bytes)) sent\n"
        case .downloadEnded(let contact, let share, _, let error?):
            return style.warning("\(contact)'s download of \(share) ended: \(error.message)") + "\n"
        case .offered(let contact, let offer):
            return "\(contact) offers \(offer.label), \(ByteText.text(offer.byteCount)): "
                + (offer.isAccepted
                    ? "a rule takes it" + (offer.isQuarantined ? " into quarantine\n" : "\n")
                    : "`sealift inbox accept \(offer.id.prefix(8))` takes it\n")
        case .offerEnded(let contact, let offer, nil) where offer.heldIn != nil:
            return style.good("\(offer.label) of \(contact) is here") + ", held in "
                + PrintableText.escape(offer.heldIn ?? [])
                + ": `sealift inbox release \(offer.id.prefix(8))` or `discard` it\n"
        case .offerEnded(let contact, let offer, nil):
            return style.good("\(offer.label) of \(contact) is here") + "\n"
        case .offerEnded(let contact, let offer, let error?):
            return style.warning("\(offer.label) of \(contact) did not come: \(error.message)")
                + "\n"
        case .uploadBegan(let contact, let upload):
            return "\(contact) puts \(upload.label) into \(place(upload)), "
                + "\(ByteText.text(upload.byteCount))\n"
        case .uploadEnded(let contact, let upload, let bytes, nil):
            return style.good("\(upload.label) of \(contact) is in \(place(upload))")
                + ", \(ByteText.text(bytes)) received\n"
        case .uploadEnded(let contact, let upload, _, let error?):
            return style.warning(
                "\(upload.label) of \(contact) did not get into \(place(upload)): \(error.message)")
                + "\n"
        case .devicesChanged(let contact, let isRecovery):
            return ContactView.devicesChanged(
                contact, isRecovery: isRecovery,
                advice: "Make sure that it was them, and pair again.", style: style)
        case .warning(let warning):
            return style.warning(warning.message) + "\n"
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func place(_ upload: UploadNews) -> String {
        upload.share + (upload.path.map { "/\($0)" } ?? "")
    }

    private static func words(_ question: ShareQuestion) -> String {
        switch question {
        case .shares: "your shares"
        case .folder(nil, _): "a share that is not theirs to see"
        case .folder(let share?, let path): "what lies in \(share)" + (path.map { "/\($0)" } ?? "")
        case .get(nil), .upload(nil), .members(_, nil, _): "a share that is not theirs to see"
        case .upload(let share?): "a place for an upload in \(share)"
        case .members(let verb, let share?, let member):
            words(verb, member ?? "somebody") + " \(share)"
        case .get(let share?): share
        }
    }

    private static func words(_ verb: ShareQuestion.MemberVerb, _ member: String) -> String {
        switch verb {
        case .members: "the members of"
        case .grant: "\(member) to have a part in"
        case .approve: "\(member) to be approved in"
        case .remove: "\(member) to be removed from"
        case .leave: "leave of"
        }
    }

    // MARK: Scripts

    /// An event as JSON.
    static func json(_ event: UpEvent) -> JSONText {
        switch event {
        case .listening(let addresses, let contacts, let shares, let held):
            JSONEvents.object(
                "listening",
                [
                    ("addresses", .array(addresses.map { .string($0.description) })),
                    ("contacts", .integer(UInt64(contacts))),
                    ("shares", .integer(UInt64(shares))), ("held", .integer(UInt64(held))),
                ])
        case .asked(let contact, let question, let isGranted):
            JSONEvents.object(
                "asked",
                [("contact", .string(contact))] + members(question) + [
                    ("granted", .bool(isGranted))
                ])
        case .downloadBegan(let contact, let share):
            JSONEvents.object(
                "download_began", [("contact", .string(contact)), ("share", .string(share))])
        case .downloadEnded(let contact, let share, let bytes, let error):
            JSONEvents.object(
                "download_ended",
                [
                    ("contact", .string(contact)), ("share", .string(share)),
                    ("sent", .integer(bytes)), ("error", code(error)),
                ])
        case .offered(let contact, let offer):
            JSONEvents.object("offered", [("contact", .string(contact))] + members(offer))
        case .offerEnded(let contact, let offer, let error):
            JSONEvents.object(
                "offer_ended",
                [("contact", .string(contact))] + members(offer) + [("error", code(error))])
        case .uploadBegan(let contact, let upload):
            JSONEvents.object("upload_began", [("contact", .string(contact))] + members(upload))
        case .uploadEnded(let contact, let upload, let bytes, let error):
            JSONEvents.object(
                "upload_ended",
                [("contact", .string(contact))] + members(upload) + [
                    ("received", .integer(bytes)), ("error", code(error)),
                ])
        case .devicesChanged(let contact, let isRecovery):
            ContactView.devicesChanged(contact, isRecovery: isRecovery)
        case .warning(let warning): JSONEvents.line(.warning(warning))
        }
    }

    private static func code(_ error: SealiftError?) -> JSONText {
        error.map { .string($0.code.rawValue) } ?? .null
    }

    private static func members(_ question: ShareQuestion) -> [(String, JSONText)] {
        func text(_ value: String?) -> JSONText { value.map { .string($0) } ?? .null }
        return switch question {
        case .shares: [("question", .string("shares"))]
        case .folder(let share, let path):
            [("question", .string("folder")), ("share", text(share)), ("path", text(path))]
        case .get(let share): [("question", .string("get")), ("share", text(share))]
        case .upload(let share): [("question", .string("upload")), ("share", text(share))]
        case .members(let verb, let share, let member):
            [
                ("question", .string(verb.rawValue)), ("share", text(share)),
                ("member", text(member)),
            ]
        }
    }

    private static func members(_ upload: UploadNews) -> [(String, JSONText)] {
        [
            ("upload", .string(upload.id)), ("share", .string(upload.share)),
            ("folder", upload.path.map { .string($0) } ?? .null), ("label", .string(upload.label)),
            ("bytes", .integer(upload.byteCount)),
        ]
    }

    private static func members(_ offer: OfferNews) -> [(String, JSONText)] {
        [
            ("offer", .string(offer.id)), ("label", .string(offer.label)),
            ("bytes", .integer(offer.byteCount)), ("entries", .integer(offer.entryCount)),
            ("accepted", .bool(offer.isAccepted)), ("quarantine", .bool(offer.isQuarantined)),
        ] + (offer.heldIn.map { JSONEvents.path($0, named: "held_in") } ?? [("held_in", .null)])
    }
}
