public import SealiftTransfer

/// Which way a stretch went, seen from the machine that measured.
public enum MeasuredDirection: Sendable, CaseIterable {
    /// From the other machine to this one.
    case download
    /// From this machine to the other one.
    case upload

    fileprivate var sender: String { self == .download ? "the other machine" : "this machine" }
    fileprivate var receiver: String { self == .download ? "this machine" : "the other machine" }
    fileprivate var words: String {
        self == .download ? "to this machine" : "to the other machine"
    }
}

extension PathMeasurement {
    /// Ethernet's datagrams: 1,500 bytes less the headers of IPv4 and UDP; with IPv6 20 fewer.
    private static let ethernetDatagram = 1_452
    /// A share of one processor at which a single thread may be what limits.
    private static let busy = 0.85
    /// Loss that a path has without being full.
    private static let noticeableLoss = 0.001

    /// What limits the path, in words, most important first, and what to do about it.
    public var findings: [DoctorFinding] {
        let all =
            MeasuredDirection.allCases.flatMap { findings(of: self[$0], $0) } + sizeFindings
        return all.filter { $0.severity == .problem } + all.filter { $0.severity == .slow }
            + all.filter { $0.severity == .note }
    }

    /// The stretch in a direction.
    public subscript(direction: MeasuredDirection) -> Stretch {
        direction == .download ? download : upload
    }

    private var sizeFindings: [DoctorFinding] {
        guard datagramSize > 0, datagramSize < Self.ethernetDatagram else { return [] }
        return [
            DoctorFinding(
                .note,
                "the path carries datagrams of \(datagramSize) bytes, fewer than Ethernet's: a "
                    + "tunnel or PPPoE is on the way, or there was no time to find the size")
        ]
    }

    private func findings(
        of stretch: Stretch, _ direction: MeasuredDirection
    ) -> [DoctorFinding] {
        guard stretch.rate != nil else {
            return [
                DoctorFinding(
                    .problem, "nothing arrived on the way \(direction.words)",
                    advice: "Measure longer (--seconds 20), and look whether a firewall limits UDP."
                )
            ]
        }
        let found =
            bufferFindings(of: stretch, direction) + processorFindings(of: stretch, direction)
            + lossFindings(of: stretch, direction) + queueFindings(of: stretch, direction)
        guard found.isEmpty else { return found }
        return [
            DoctorFinding(
                .note,
                "on the way \(direction.words) nothing of the machines limits the rate: it is the "
                    + "path's own")
        ]
    }

    private func bufferFindings(
        of stretch: Stretch, _ direction: MeasuredDirection
    ) -> [DoctorFinding] {
        var found: [DoctorFinding] = []
        let (sender, receiver) = (stretch.sender, stretch.receiver)
        let isShort = receiver.receiveBuffer < receiver.wantedBuffer
        if receiver.kernelDrops > 0 {
            found.append(
                DoctorFinding(
                    .slow,
                    "the kernel of \(direction.receiver) dropped \(receiver.kernelDrops) datagrams "
                        + "that were not read in time",
                    advice: isShort
                        ? "There, as root: sysctl -w net.core.rmem_max=\(receiver.wantedBuffer)"
                        : "That machine is too busy to keep up: let it do less beside, or send "
                            + "with --rate."))
        } else if isShort {
            found.append(
                DoctorFinding(
                    .note,
                    "\(direction.receiver) has room for \(receiver.receiveBuffer) bytes of "
                        + "datagrams, \(receiver.wantedBuffer) were asked for",
                    advice: "There, as root: sysctl -w net.core.rmem_max=\(receiver.wantedBuffer)"))
        }
        if sender.sendBuffer < sender.wantedBuffer, sender.refusedDatagrams > 0 {
            found.append(
                DoctorFinding(
                    .slow,
                    "the kernel of \(direction.sender) did not take \(sender.refusedDatagrams) "
                        + "datagrams",
                    advice: "There, as root: sysctl -w net.core.wmem_max=\(sender.wantedBuffer)"))
        }
        return found
    }

    private func processorFindings(
        of stretch: Stretch, _ direction: MeasuredDirection
    ) -> [DoctorFinding] {
        let whole = stretch.wholeDuration.inMicroseconds
        guard whole > 0 else { return [] }
        var found: [DoctorFinding] = []
        for (machine, name) in [
            (stretch.sender, direction.sender), (stretch.receiver, direction.receiver),
        ] {
            let share = Double(machine.processorMicroseconds) / whole
            guard share >= Self.busy else { continue }
            let percent = Int((share * 100).rounded())
            let offload = machine.hasSegmentation && machine.hasCoalescing
            found.append(
                DoctorFinding(
                    .slow,
                    "\(name) used \(percent) % of a processor on the way \(direction.words): that "
                        + "is what limits",
                    advice: offload
                        ? "A larger MTU (jumbo frames) at both ends takes less of it."
                        : "Its kernel or network card does not handle trains of datagrams (GSO, "
                            + "GRO): Linux 5.0 or later does; look at `ethtool -k`."))
        }
        return found
    }

    private func lossFindings(
        of stretch: Stretch, _ direction: MeasuredDirection
    ) -> [DoctorFinding] {
        guard stretch.receiver.kernelDrops == 0, stretch.loss >= Self.noticeableLoss else {
            return []
        }
        let percent = (stretch.loss * 1_000).rounded() / 10
        return [
            DoctorFinding(
                stretch.loss >= 0.02 ? .slow : .note,
                "the path lost \(percent) % of the packets on the way \(direction.words)",
                advice: stretch.loss >= 0.02
                    ? "Where that is the nature of the link (radio, satellite), send with "
                        + "--loss-tolerant; where it is only full, it is in order." : nil)
        ]
    }

    private func queueFindings(
        of stretch: Stretch, _ direction: MeasuredDirection
    ) -> [DoctorFinding] {
        guard let idle = idleRoundTrip, let loaded = stretch.roundTrip,
            loaded > idle + max(idle, .milliseconds(20))
        else { return [] }
        let added = Int((loaded - idle).inMicroseconds / 1_000)
        return [
            DoctorFinding(
                .note,
                "a queue on the way \(direction.words) adds \(added) ms while sealift sends",
                advice: "Send with --background, or with --rate below the link's, where others "
                    + "notice.")
        ]
    }
}

extension Duration {
    fileprivate var inMicroseconds: Double {
        Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12
    }
}
