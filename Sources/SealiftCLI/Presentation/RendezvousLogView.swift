internal import Sealift
internal import SealiftBase
internal import SealiftRendezvous
internal import SealiftTraversal

/// The lines of a rendezvous server's log, on standard error (`docs/SCRIPTING.md`).
struct RendezvousLogView {
    enum Form {
        case text, json
    }

    let form: Form

    /// One entry, with its line feed.
    func line(_ entry: RendezvousLogEntry, at time: WallTime) -> String {
        switch form {
        case .text: "\(LogView.time(time)) \(Self.text(entry))\n"
        case .json: json(entry, LogView.time(time)).line + "\n"
        }
    }

    // MARK: JSON

    private func json(_ entry: RendezvousLogEntry, _ time: String) -> JSONText {
        let (event, level, members): (String, String, [(String, JSONText)]) =
            switch entry {
            case .started(let listeners, let stun):
                ("started", "info", [Self.count("listeners", listeners), Self.count("stun", stun)])
            case .refused(let refusals): ("refused", "warning", Self.members(refusals))
            case .draining(let clients): ("draining", "info", [Self.count("clients", clients)])
            case .stopped(let clients): ("stopped", "info", [Self.count("clients", clients)])
            case .failed(let reason): ("failed", "error", [("code", .string(reason))])
            }
        return .object(
            [("time", .string(time)), ("level", .string(level)), ("event", .string(event))]
                + members)
    }

    private static func count(_ name: String, _ value: Int) -> (String, JSONText) {
        (name, .integer(UInt64(clamping: value)))
    }

    /// Every kind of refusal: its name, its words, its number.
    private static func kinds(_ refusals: RendezvousRefusals) -> [(String, String, Int)] {
        [
            ("turned_away", "clients turned away", refusals.turnedAway),
            ("busy", "messages over a limit", refusals.busy),
            ("violations", "clients dropped by the protocol's rules", refusals.violations),
            ("numbers_missed", "claims of numbers that were not there", refusals.missed),
            ("wrong_words", "codes with the wrong words", refusals.wrongWords),
            ("failed_openings", "connections that became no client", refusals.failedOpenings),
            ("crowded_out", "connections too many", refusals.crowdedOut),
            (
                "failed_accepts", "connections that the system could not accept",
                refusals.failedAccepts
            ),
        ]
    }

    private static func members(_ refusals: RendezvousRefusals) -> [(String, JSONText)] {
        let counts =
            [count("seconds", refusals.seconds), count("clients", refusals.clients)]
            + kinds(refusals).map { count($0.0, $0.2) }
        guard let sources = refusals.sources else { return counts }
        let named = sources.map { source in
            JSONText.object([
                ("address", place(source).map { .string($0) } ?? .null),
                count("refused", source.count),
            ])
        }
        return counts + [("addresses", .array(named))]
    }

    // MARK: Text

    private static func text(_ entry: RendezvousLogEntry) -> String {
        switch entry {
        case .started: return "started"
        case .draining(let clients):
            return "stopping; \(ByteText.count(UInt64(clamping: clients), "client")) told to go"
        case .stopped(let clients):
            return clients == 0
                ? "stopped"
                : "stopped; \(ByteText.count(UInt64(clamping: clients), "client")) had not left"
        case .failed(let reason): return "could not start: \(reason)"
        case .refused(let refusals):
            let counts = kinds(refusals).filter { $0.2 > 0 }.map { "\($0.2) \($0.1)" }
            let sources = (refusals.sources ?? []).map {
                "\(place($0) ?? "others") (\($0.count))"
            }
            return "refused in \(refusals.seconds) s: " + counts.joined(separator: ", ")
                + (sources.isEmpty ? "" : "; from " + sources.joined(separator: ", "))
        }
    }

    /// An IPv4 address, or an IPv6 network; nil for the rest.
    private static func place(_ source: RefusedSource) -> String? {
        source.address.flatMap { address in
            EndpointAddress(bytes: address.bytes, port: 0).map {
                address.family == .ipv4 ? $0.host : "\($0.host)/64"
            }
        }
    }
}
