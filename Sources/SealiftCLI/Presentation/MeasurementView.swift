internal import Sealift
internal import SealiftBase
internal import SealiftTransfer

/// What `sealift doctor --bench` measured, for a person and for scripts.
enum MeasurementView {
    /// What goes to standard output for a person: figures first, then what limits.
    static func text(_ measurement: PathMeasurement, style: TerminalStyle) -> String {
        var rows: [(String, String)] = [
            ("round trip", measurement.idleRoundTrip.map(milliseconds) ?? "not known"),
            ("datagrams", "\(measurement.datagramSize) bytes"),
        ]
        rows += rowsOf(measurement.download, "down", "from the other machine to this one")
        rows += rowsOf(measurement.upload, "up", "from this machine to the other one")
        let facts = rows.map { name, value in
            "\(name)\(String(repeating: " ", count: max(1, 16 - name.count)))\(value)\n"
        }
        return facts.joined() + "\n"
            + measurement.findings.map { DoctorView.finding($0, style: style) }.joined()
    }

    private static func rowsOf(
        _ stretch: PathMeasurement.Stretch, _ name: String, _ direction: String
    ) -> [(String, String)] {
        let rate = stretch.rate.map { bits($0) } ?? "nothing arrived"
        return [
            (name, "\(rate), \(direction)"),
            (
                "  packets",
                "lost \(percent(stretch.loss)), reordered \(percent(stretch.reordering)), round "
                    + "trip under load \(stretch.roundTrip.map(milliseconds) ?? "not known")"
            ),
            (
                "  sender",
                machine(stretch.sender, stretch.sender.sendBuffer, over: stretch.wholeDuration)
            ),
            (
                "  receiver",
                machine(
                    stretch.receiver, stretch.receiver.receiveBuffer, over: stretch.wholeDuration)
                    + ", dropped by its kernel \(stretch.receiver.kernelDrops)"
            ),
        ]
    }

    private static func machine(
        _ machine: MeasurementReport.Machine, _ buffer: UInt64, over time: Duration
    ) -> String {
        let busy = share(machine, over: time)
        return "processor \(ByteText.fixed(busy * 100, decimals: 0)) % of one, GSO "
            + "\(machine.hasSegmentation ? "on" : "off"), GRO "
            + "\(machine.hasCoalescing ? "on" : "off"), buffer \(ByteText.text(buffer))"
    }

    private static func share(_ machine: MeasurementReport.Machine, over time: Duration) -> Double {
        time > .zero ? Double(machine.processorMicroseconds) / 1e6 / time.inSeconds : 0
    }

    /// One line of JSON.
    static func json(_ measurement: PathMeasurement) -> JSONText {
        JSONEvents.object(
            "measurement",
            [
                ("round_trip_seconds", JSONEvents.seconds(measurement.idleRoundTrip)),
                ("datagram_bytes", .integer(UInt64(max(0, measurement.datagramSize)))),
                ("down", json(measurement.download)),
                ("up", json(measurement.upload)),
                ("findings", .array(measurement.findings.map(DoctorView.json))),
            ])
    }

    /// An event of the serving end, for scripts.
    static func json(_ event: MeasurementServiceEvent) -> JSONText {
        switch event {
        case .ticket(let text, let addresses):
            JSONEvents.object(
                "measurement_ticket",
                [
                    ("ticket", .string(text)),
                    ("addresses", .array(addresses.map { .string("\($0)") })),
                ])
        case .began(let connection):
            JSONEvents.object(
                "measurement_began",
                [
                    ("peer", .string(connection.peerFingerprint)),
                    ("address", .string("\(connection.address)")),
                ])
        case .ended(let isWhole):
            JSONEvents.object("measurement_ended", [("whole", .bool(isWhole))])
        }
    }

    /// An event of the serving end, for a person.
    static func text(_ event: MeasurementServiceEvent) -> String {
        switch event {
        case .ticket:
            "waiting for `sealift doctor --bench` with this ticket (Ctrl-C ends)\n"
        case .began(let connection):
            "device \(connection.peerFingerprint) at \(connection.address) measures …\n"
        case .ended(let isWhole):
            isWhole ? "measured\n" : "the measurement broke off\n"
        }
    }

    /// A step of the measuring end, for a person.
    static func text(_ step: MeasurementStep, stretch: Duration) -> String {
        switch step {
        case .connected(let connection):
            "connected to device \(connection.peerFingerprint) at \(connection.address)\n"
        case .began(.idle): "measuring the round trip …\n"
        case .began(.download):
            "measuring from the other machine, \(stretch.components.seconds) s …\n"
        case .began(.upload):
            "measuring to the other machine, \(stretch.components.seconds) s …\n"
        }
    }

    private static func json(_ stretch: PathMeasurement.Stretch) -> JSONText {
        .object([
            ("bits_per_second", stretch.rate.map { .number($0) } ?? .null),
            ("bytes", .integer(stretch.bytes)), ("seconds", JSONEvents.seconds(stretch.duration)),
            ("packets_sent", .integer(stretch.packetsSent)),
            ("packets_lost", .integer(stretch.packetsLost)),
            ("packets_received", .integer(stretch.packetsReceived)),
            ("packets_reordered", .integer(stretch.packetsReordered)),
            ("round_trip_seconds", JSONEvents.seconds(stretch.roundTrip)),
            ("sender", json(stretch.sender, over: stretch.wholeDuration)),
            ("receiver", json(stretch.receiver, over: stretch.wholeDuration)),
        ])
    }

    private static func json(
        _ machine: MeasurementReport.Machine, over time: Duration
    ) -> JSONText {
        .object([
            ("processor_share", .number(share(machine, over: time))),
            ("kernel_drops", .integer(machine.kernelDrops)),
            ("refused_datagrams", .integer(machine.refusedDatagrams)),
            ("receive_buffer", .integer(machine.receiveBuffer)),
            ("send_buffer", .integer(machine.sendBuffer)),
            ("wanted_buffer", .integer(machine.wantedBuffer)),
            ("segmentation", .bool(machine.hasSegmentation)),
            ("coalescing", .bool(machine.hasCoalescing)),
        ])
    }

    private static func milliseconds(_ duration: Duration) -> String {
        ByteText.fixed(duration.inSeconds * 1_000, decimals: 1) + " ms"
    }

    private static func percent(_ share: Double) -> String {
        ByteText.fixed(share * 100, decimals: 2) + " %"
    }

    /// A rate in bits, as links are sold.
    static func bits(_ rate: Double) -> String {
        switch rate {
        case ..<1e6: ByteText.fixed(rate / 1e3, decimals: 1) + " kbit/s"
        case ..<1e9: ByteText.fixed(rate / 1e6, decimals: 1) + " Mbit/s"
        default: ByteText.fixed(rate / 1e9, decimals: 2) + " Gbit/s"
        }
    }
}
