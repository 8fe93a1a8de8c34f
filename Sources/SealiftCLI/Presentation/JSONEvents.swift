internal import Sealift
internal import SealiftBase

/// Every event as a JSON object, as `docs/SCRIPTING.md` lists them. Fields are added, never changed.
enum JSONEvents {
    static func line(_ event: TransferEvent) -> JSONText {
        switch event {
        case .ticket(let text):
            object("ticket", [("ticket", .string(text))])
        case .code(let text):
            object("code", [("code", .string(text))])
        case .listening(let addresses):
            object("listening", [("addresses", .array(addresses.map { .string($0.description) }))])
        case .connected(let connection): object("connected", members(connection))
        case .moved(let connection): object("moved", members(connection))
        case .reconnecting(let reconnection):
            object(
                "reconnecting",
                [
                    ("cause", .string(reconnection.cause.rawValue)),
                    ("seconds_left", seconds(reconnection.timeLeft)),
                ])
        case .progress(let progress): line(progress)
        case .file(let report): line(report)
        case .delivered(let delivery):
            object(
                "delivered",
                [
                    ("peer", .string(delivery.peerFingerprint)),
                    ("root", .string(delivery.root.hexadecimal)),
                    ("files", .integer(delivery.files)),
                    ("bytes", .integer(delivery.bytes)),
                ])
        case .offer(let contact, let standing):
            object(
                "offer_told",
                [("contact", .string(contact)), ("standing", .string(standing.rawValue))])
        case .gone(let name, let outcome):
            object("gone", path(name) + [("outcome", .string(outcome.rawValue))])
        case .warning(let warning):
            object(
                "warning",
                [("message", .string(warning.message))] + (warning.path.map { path($0) } ?? []))
        }
    }

    private static func members(_ connection: PeerConnection) -> [(String, JSONText)] {
        [
            ("address", .string(connection.address.description)),
            ("path", .string(connection.path.rawValue)),
            ("route", .string(connection.route.rawValue)),
            ("peer", .string(connection.peerFingerprint)),
            ("device", .string(connection.ownFingerprint)),
        ]
    }

    static func line(_ error: SealiftError) -> JSONText {
        var members: [(String, JSONText)] = [
            ("code", .string(error.code.rawValue)),
            ("exit_status", .signed(Int64(error.exitStatus.rawValue))),
            ("message", .string(error.message)),
            ("advice", .string(error.advice)),
            ("cause", error.cause.map { .string($0) } ?? .null),
        ]
        if let found = error.diagnosis { members.append(("diagnosis", diagnosis(found))) }
        return object("error", members)
    }

    private static func diagnosis(_ diagnosis: ConnectDiagnosis) -> JSONText {
        .object([
            ("own_network", .string(diagnosis.own.rawValue)),
            ("peer_network", diagnosis.peer.map { .string($0.rawValue) } ?? .null),
            ("call", .string(diagnosis.call.rawValue)),
            ("tried", .array(diagnosis.tried.map { .string($0) })),
            ("helps", .array(diagnosis.helps.map { .string($0) })),
        ])
    }

    static func line(_ places: RendezvousPlaces) -> JSONText {
        object(
            "serving",
            [
                ("servers", .array(places.servers.map { .string("\($0)") })),
                ("stun", .array(places.stun.map { .string($0.description) })),
            ])
    }

    static func line(_ offer: OfferSummary) -> JSONText {
        object(
            "offer",
            [
                ("entries", .integer(offer.entries)),
                ("files", .integer(offer.files)),
                ("bytes", .integer(offer.bytes)),
                ("data_bytes", .integer(offer.dataBytes)),
                ("reusable_bytes", .integer(offer.reusableBytes)),
                ("free_space", offer.freeSpace.map { .integer($0) } ?? .null),
                ("output", .string(PrintableText.escape(offer.output))),
                ("continued", .bool(offer.isContinued)),
                ("taken_files", .integer(offer.plan.takenFiles)),
                ("taken_bytes", .integer(offer.plan.takenBytes)),
                ("not_selected", .integer(offer.plan.unselectedFiles)),
                ("skipped", .integer(offer.plan.skippedFiles)),
                ("renamed", .integer(offer.plan.renamedFiles)),
                ("overwritten", .integer(offer.plan.overwrittenFiles)),
                ("conflicts", .integer(offer.plan.conflicts)),
            ])
    }

    static func line(_ entry: OfferEntry) -> JSONText {
        let kind: [(String, JSONText)] =
            switch entry.kind {
            case .file(let size, let isExecutable):
                [
                    ("kind", .string("file")), ("size", .integer(size)),
                    ("executable", .bool(isExecutable)),
                ]
            case .directory: [("kind", .string("directory"))]
            case .symbolicLink(let target):
                [("kind", .string("link")), ("target", .string(PrintableText.escape(target)))]
            }
        return object("entry", path(entry.path) + kind)
    }

    /// `path` as text that can be shown, and `path_base64` where that text is not the path itself.
    static func path(_ bytes: [UInt8], named name: String = "path") -> [(String, JSONText)] {
        let text = PrintableText.escape(bytes)
        let shown: [(String, JSONText)] = [(name, .string(text))]
        let isExact = text.utf8.elementsEqual(bytes)
        return isExact ? shown : shown + [("\(name)_base64", .string(Base64.encode(bytes)))]
    }

    static func object(_ name: String, _ members: [(String, JSONText)]) -> JSONText {
        .object([("event", .string(name))] + members)
    }

    private static func line(_ progress: TransferProgress) -> JSONText {
        object(
            "progress",
            [
                ("phase", .string(progress.phase.rawValue)),
                ("bytes_done", .integer(progress.bytesDone)),
                ("bytes_total", .integer(progress.bytesTotal)),
                ("files_done", .integer(progress.filesDone)),
                ("files_total", .integer(progress.filesTotal)),
                ("bytes_per_second", .integer(progress.bytesPerSecond)),
                ("seconds_left", seconds(progress.timeRemaining)),
                ("round_trip_seconds", seconds(progress.roundTripTime)),
                ("loss_ratio", .number(progress.lossRatio)),
            ])
    }

    private static func line(_ report: FileReport) -> JSONText {
        let (result, reason): (String, String?) =
            switch report.result {
            case .received: ("received", nil)
            case .sent: ("sent", nil)
            case .reused: ("reused", nil)
            case .skipped(let reason): ("skipped", reason)
            case .failed(let reason): ("failed", reason)
            }
        return object(
            "file",
            path(report.path) + [
                ("size", .integer(report.size)),
                ("root", report.root.map { .string($0.hexadecimal) } ?? .null),
                ("result", .string(result)),
                ("reason", reason.map { .string($0) } ?? .null),
            ] + (report.placedAs.map { path($0, named: "placed_as") } ?? []))
    }

    static func line(_ summary: TransferSummary) -> JSONText {
        object(
            "complete",
            [
                ("root", .string(summary.root.hexadecimal)),
                ("files", .integer(summary.files)),
                ("bytes", .integer(summary.bytes)),
                ("received", .integer(summary.received)),
                ("reused", .integer(summary.reused)),
                ("resent_proven", .integer(summary.resentProven)),
                ("skipped", .integer(summary.skipped)),
                ("failed", .integer(summary.failed)),
                ("whole", .bool(summary.isWhole)),
                ("verified_disk", .bool(summary.verifiedDisk)),
            ])
    }

    static func seconds(_ duration: Duration?) -> JSONText {
        duration.map { .number($0.inSeconds) } ?? .null
    }
}
