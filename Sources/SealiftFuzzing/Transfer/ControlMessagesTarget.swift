import SealiftBase
import SealiftContent
import SealiftTransfer
import SealiftTransport

extension FuzzTarget {
    /// The control stream cut into messages, however it arrives.
    ///
    /// Chunks make no difference, and a message that was read is written and read again as itself.
    static let controlMessages = FuzzTarget(
        "control-messages", maximumLength: 4_096,
        seeds: {
            let messages = ControlMessage.samples.map(\.encoded)
            return messages.map { [0] + $0 } + [[3] + messages.flatMap { $0 }]
        }
    ) { input throws(BrokenRule) in
        try demandStableMessages(in: &input, encoded: \.encoded, read: read)
    }

    private static func read(_ chunks: [ArraySlice<UInt8>]) -> MessagesRead<ControlMessage> {
        var framer = ControlMessageFramer()
        var found = MessagesRead<ControlMessage>()
        for chunk in chunks {
            framer.buffer += chunk
            do throws(TransferViolation) {
                while let message = try framer.next() { found.messages.append(message) }
            } catch {
                found.violation = error
                break
            }
        }
        return found
    }
}

extension ControlMessage {
    /// One of each kind.
    static let samples: [ControlMessage] = [
        .offer(
            Offer(
                claim: .yours, listing: ContentID(length: 300, root: .zero),
                totals: ListingTotals(entries: 3, files: 2, bytes: 1 << 40, dataBytes: 1 << 39))),
        .refuse(.alreadyUsed), .claim, .claimed,
        .request(
            PieceRequest(
                firstObject: ObjectID(7), file: FileIndex(2), piece: PieceIndex(1 << 20), count: 512
            )
        ),
        .hashRequest(
            HashRequest(object: ObjectID(9), file: FileIndex(1), firstPiece: .first, count: 8_192)),
        .skip(first: .firstEntry, count: 3), .zero(first: ObjectID(70_000), count: 16),
        .fileRoot(FileIndex(4), .zero), .fileFailed(FileIndex(5), .changed),
        .complete(Completion(root: .zero, files: 2, bytes: 1 << 40)), .confirm(.zero),
        .listing([1, 2, 3]),
    ]
}
