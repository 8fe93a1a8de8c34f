internal import Sealift
internal import SealiftBase
internal import SealiftRendezvous
internal import SealiftTraversal

/// The doctor's report, for a person and for scripts.
enum DoctorView {
    /// What goes to standard output for a person: facts first, then what to do.
    static func text(_ report: DoctorReport, style: TerminalStyle) -> String {
        var lines: [(String, String)] = []
        lines += report.interfaces.map { interface in
            let mtu = interface.mtu.map { ", MTU \($0)" } ?? ""
            return ("address", "\(interface.address.host) (\(interface.name)\(mtu))")
        }
        lines += report.outside.map { ("seen outside", "\($0)") }
        lines.append(("NAT", natText(report.nat)))
        lines += report.stun.map { answer in
            let roundTrip = answer.roundTrip.map { "answered in \($0.inMilliseconds) ms" }
            return ("STUN", "\(answer.server) \(roundTrip ?? "no answer")")
        }
        lines += report.rendezvous.map { meeting in
            ("rendezvous", "\(meeting.server.host):\(meeting.server.port) \(meetingText(meeting))")
        }
        lines.append(("path MTU", report.pathMTU.map { "\($0) bytes of IP" } ?? "not known"))
        lines.append(("receive buffer", bufferText(report.receiveBuffer)))
        lines.append(("send buffer", bufferText(report.sendBuffer)))
        lines.append(("GSO", report.hasSegmentation ? "on" : "off"))
        lines.append(("GRO", report.hasCoalescing ? "on" : "off"))
        lines.append(
            ("kernel drops", report.receiveDrops.map { "\($0) since start" } ?? "not known"))
        let facts = lines.map { name, value in
            "\(name)\(String(repeating: " ", count: max(1, 16 - name.count)))\(value)\n"
        }
        return facts.joined() + "\n"
            + report.findings.map { finding($0, style: style) }.joined()
    }

    /// One line of JSON.
    static func json(_ report: DoctorReport) -> JSONText {
        JSONEvents.object(
            "doctor",
            [
                (
                    "interfaces",
                    .array(
                        report.interfaces.map {
                            .object([
                                ("name", .string($0.name)), ("address", .string($0.address.host)),
                                ("mtu", integer($0.mtu)),
                            ])
                        })
                ),
                ("nat", report.nat.map { .string($0.word) } ?? .null),
                ("outside", .array(report.outside.map { .string("\($0)") })),
                (
                    "stun",
                    .array(
                        report.stun.map {
                            .object([
                                ("server", .string("\($0.server)")),
                                ("mapped", $0.mapped.map { .string("\($0)") } ?? .null),
                                ("round_trip_seconds", JSONEvents.seconds($0.roundTrip)),
                            ])
                        })
                ),
                ("rendezvous", .array(report.rendezvous.map(json))),
                ("path_mtu", integer(report.pathMTU)),
                ("receive_buffer", json(report.receiveBuffer)),
                ("send_buffer", json(report.sendBuffer)),
                ("segmentation", .bool(report.hasSegmentation)),
                ("coalescing", .bool(report.hasCoalescing)),
                ("kernel_drops", report.receiveDrops.map { .integer($0) } ?? .null),
                ("findings", .array(report.findings.map(json))),
            ])
    }

    /// One finding for scripts.
    static func json(_ finding: DoctorFinding) -> JSONText {
        .object([
            ("severity", .string(finding.severity.rawValue)), ("message", .string(finding.message)),
            ("advice", finding.advice.map { .string($0) } ?? .null),
        ])
    }

    /// One finding for a person.
    static func finding(_ finding: DoctorFinding, style: TerminalStyle) -> String {
        let mark =
            switch finding.severity {
            case .problem: style.error("problem:")
            case .slow: style.warning("slower than it could be:")
            case .note: "note:"
            }
        let advice = finding.advice.map { style.strong("what to do:") + " \($0)\n" } ?? ""
        return "\(mark) \(PrintableText.escape(Array(finding.message.utf8)))\n\(advice)"
    }

    private static func natText(_ kind: NATKind?) -> String {
        switch kind {
        case nil: "not known"
        case .some(.none): "none"
        case .some(.blocked): "not known: no answer over UDP"
        case .some(.endpointIndependent): "easy (one outside port for all destinations)"
        case .some(.endpointDependent): "hard (another outside port for each destination)"
        case .some(.unclassified): "some (which kind takes a second STUN address)"
        }
    }

    private static func meetingText(_ meeting: DoctorReport.Meeting) -> String {
        switch meeting.outcome {
        case .welcomed:
            "welcomed us in \(meeting.took.inMilliseconds) ms, "
                + (meeting.server.pin != nil
                    ? "its key is the pinned one"
                    : meeting.server.isSecure
                        ? "its certificate is trusted" : "without TLS")
        case .wrongKey: "has another key than the pinned one"
        case .unreachable: "cannot be used"
        }
    }

    private static func json(_ meeting: DoctorReport.Meeting) -> JSONText {
        let (isReachable, reason): (Bool, JSONText) =
            switch meeting.outcome {
            case .welcomed: (true, .null)
            case .wrongKey: (false, .string("another key than the pinned one"))
            case .unreachable(let reason): (false, .string(reason))
            }
        return .object([
            ("server", .string("\(meeting.server)")), ("reachable", .bool(isReachable)),
            ("reason", reason), ("seconds", JSONEvents.seconds(meeting.took)),
        ])
    }

    private static func bufferText(_ buffer: DoctorReport.Buffer) -> String {
        let limit = buffer.limit.map { " (limit for programs: \(ByteText.text(UInt64($0))))" } ?? ""
        return "\(ByteText.text(UInt64(buffer.granted))) of "
            + "\(ByteText.text(UInt64(buffer.wanted)))\(limit)"
    }

    private static func json(_ buffer: DoctorReport.Buffer) -> JSONText {
        .object([
            ("granted", .integer(UInt64(buffer.granted))),
            ("wanted", .integer(UInt64(buffer.wanted))), ("limit", integer(buffer.limit)),
        ])
    }

    private static func integer(_ value: Int?) -> JSONText {
        value.map { .integer(UInt64($0)) } ?? .null
    }
}

extension Duration {
    /// Milliseconds with one digit behind the point.
    fileprivate var inMilliseconds: Double { (inSeconds * 10_000).rounded() / 10 }
}
