import SealiftTransfer

extension FuzzTarget {
    /// The control stream of a measuring session cut into messages, however it arrives: chunks make no
    /// difference, and a message that was read is written and read again as itself.
    static let measurement = FuzzTarget(
        "measurement", maximumLength: 1_024,
        seeds: {
            var report = MeasurementReport()
            report.clock = 5_000_000
            report.bytesReceived = 1 << 40
            report.machine.hasCoalescing = true
            let messages: [MeasurementMessage] = [
                .phase(.download), .grant(below: 512), .ask, .report(report),
            ]
            return messages.map { [0] + $0.encoded } + [[3] + messages.flatMap(\.encoded)]
        }
    ) { input throws(BrokenRule) in
        let step = 1 + input.choice(64)
        let stream = input.rest()
        let whole = read(stream, by: max(1, stream.count))
        let inParts = read(stream, by: step)
        try demand(whole.messages == inParts.messages, "chunks make other messages")
        try demand(whole.violation == inParts.violation, "chunks make another verdict")
        for message in whole.messages {
            try demand(
                read(message.encoded, by: .max).messages == [message],
                "a message is not written as it was read")
        }
    }

    private static func read(
        _ stream: [UInt8], by step: Int
    ) -> (messages: [MeasurementMessage], violation: TransferViolation?) {
        var unread: [UInt8] = []
        var messages: [MeasurementMessage] = []
        var rest = stream[...]
        repeat {
            unread += rest.prefix(step)
            rest = rest.dropFirst(step)
            do throws(TransferViolation) {
                while let message = try MeasurementMessage.cut(from: &unread) {
                    messages.append(message)
                }
            } catch {
                return (messages, error)
            }
        } while !rest.isEmpty
        return (messages, nil)
    }
}
