import SealiftRendezvous
public import SealiftTraversal

/// Something the doctor noticed, in words, and what to do about it.
public struct DoctorFinding: Equatable, Sendable {
    /// How much it matters.
    public enum Severity: String, Sendable {
        /// As it should be, or nothing can be done.
        case note
        /// Works, but not as well as it could.
        case slow
        /// Something will not work.
        case problem
    }

    /// How much it matters.
    public let severity: Severity
    /// What is so.
    public let message: String
    /// What to do; nil where there is nothing to do.
    public let advice: String?

    /// Makes a finding.
    public init(_ severity: Severity, _ message: String, advice: String? = nil) {
        self.severity = severity
        self.message = message
        self.advice = advice
    }
}

extension DoctorReport {
    /// The largest packet of an ordinary Ethernet, in bytes of IP.
    private static let ethernetMTU = 1_500
    /// The largest packet that sealift sends before it knows better: 1,200 bytes, UDP and IPv6 headers.
    private static let leastMTU = 1_200 + 48

    /// What is to be said, most important first.
    public var findings: [DoctorFinding] {
        let all = meetingFindings + natFindings + pathFindings + kernelFindings
        return all.filter { $0.severity == .problem } + all.filter { $0.severity == .slow }
            + all.filter { $0.severity == .note }
    }

    private var meetingFindings: [DoctorFinding] {
        rendezvous.compactMap { meeting in
            switch meeting.outcome {
            case .welcomed:
                return nil
            case .wrongKey:
                return DoctorFinding(
                    .problem, "\(meeting.server.host) has another key than SEALIFT_RENDEZVOUS says",
                    advice: "Ask who runs the server for its line. If the line is right, somebody "
                        + "between you and the server answers in its place.")
            case .unreachable(let reason):
                return DoctorFinding(
                    .problem,
                    "the rendezvous server \(meeting.server.host) cannot be used: \(reason)",
                    advice:
                        "Check the address, and that TCP port \(meeting.server.port) gets through. "
                        + "Tickets with addresses that can be reached work without it.")
            }
        }
    }

    private var natFindings: [DoctorFinding] {
        switch nat {
        case nil:
            [
                DoctorFinding(
                    .note, "no STUN server is named, so what lies before this machine is not known",
                    advice:
                        "Set SEALIFT_STUN to two servers, or SEALIFT_RENDEZVOUS to one that answers "
                        + "STUN.")
            ]
        case .some(.blocked):
            [
                DoctorFinding(
                    .problem, "no answer came over UDP: it seems to be blocked here",
                    advice:
                        "Allow UDP outwards in the firewall or use another network. sealift sends "
                        + "files over UDP only; a TURN server of your own can carry it over TCP.")
            ]
        case .some(.none):
            [DoctorFinding(.note, "servers see this machine's own address: no translation (NAT)")]
        case .some(.endpointIndependent):
            [
                DoctorFinding(
                    .note,
                    "the router translates addresses in the easy way: it can be reached by "
                        + "punching from every kind of network")
            ]
        case .some(.endpointDependent):
            [
                DoctorFinding(
                    .slow,
                    "the router gives each destination another port (a hard NAT): a peer "
                        + "behind another such router cannot be reached directly",
                    advice:
                        "Switch on port mapping (UPnP, NAT-PMP or PCP) or IPv6 in the router, or "
                        + "forward a UDP port and send with --listen and --advertise.")
            ]
        case .some(.unclassified):
            [
                DoctorFinding(
                    .note, "the router translates addresses; one server is not enough to tell how",
                    advice: "Name a second STUN server at another address in SEALIFT_STUN.")
            ]
        }
    }

    private var pathFindings: [DoctorFinding] {
        var found: [DoctorFinding] = []
        if let pathMTU, pathMTU < Self.leastMTU {
            found.append(
                DoctorFinding(
                    .problem, "the path carries only packets of \(pathMTU) bytes",
                    advice:
                        "sealift needs \(Self.leastMTU): raise the MTU of the tunnel or interface.")
            )
        } else if let pathMTU, pathMTU < Self.ethernetMTU {
            found.append(
                DoctorFinding(
                    .note,
                    "the path carries packets of \(pathMTU) bytes, less than Ethernet's 1,500: "
                        + "a tunnel or PPPoE is on the way; sealift finds the size by itself"))
        }
        if !interfaces.contains(where: { $0.address.isGlobalIPv6 }) {
            found.append(
                DoctorFinding(
                    .note, "this machine has no global IPv6 address; with one, NAT is no obstacle"))
        }
        return found
    }

    private var kernelFindings: [DoctorFinding] {
        var found: [DoctorFinding] = []
        for (buffer, name, way) in [
            (receiveBuffer, "rmem_max", "received"), (sendBuffer, "wmem_max", "sent"),
        ] where buffer.granted < buffer.wanted {
            found.append(
                DoctorFinding(
                    .slow,
                    "the kernel gives \(buffer.granted) of the \(buffer.wanted) bytes asked for "
                        + "datagrams to be \(way)",
                    advice:
                        "As root: sysctl -w net.core.\(name)=\(buffer.wanted), and the same line in "
                        + "/etc/sysctl.d/ to keep it."))
        }
        if !hasSegmentation {
            found.append(
                DoctorFinding(
                    .slow, "the kernel or the network card does not cut trains of datagrams (GSO)",
                    advice: "Linux 4.18 or later does; on a virtual card look at `ethtool -k`: "
                        + "tx-udp-segmentation and tx-checksum-ip-generic."))
        }
        if !hasCoalescing {
            found.append(
                DoctorFinding(
                    .slow, "the kernel does not put trains of datagrams together (GRO)",
                    advice: "Linux 5.0 or later does."))
        }
        if let receiveDrops, receiveDrops > 0 {
            found.append(
                DoctorFinding(
                    .note,
                    "since it started, this machine dropped \(receiveDrops) datagrams that some "
                        + "program did not read in time"))
        }
        return found
    }
}

extension EndpointAddress {
    /// 2000::/3.
    fileprivate var isGlobalIPv6: Bool { bytes.count == 16 && bytes[0] >> 5 == 1 }
}

extension NATKind {
    /// The word of scripts.
    public var word: String {
        switch self {
        case .blocked: "blocked"
        case .none: "none"
        case .endpointIndependent: "easy"
        case .endpointDependent: "hard"
        case .unclassified: "unclassified"
        }
    }
}
