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
        try demandStableMessages(in: &input, encoded: \.encoded, read: read)
    }

    private static func read(_ chunks: [ArraySlice<UInt8>]) -> MessagesRead<MeasurementMessage> {
        var unread: [UInt8] = []
        var found = MessagesRead<MeasurementMessage>()
        for chunk in chunks {
            unread += chunk
            do throws(TransferViolation) {
                while let message = try MeasurementMessage.cut(from: &unread) {
                    found.messages.append(message)
                }
            } catch {
                found.violation = error
                break
            }
        }
        return found
    }
}
