import SealiftCrypto
import SealiftPeople
import SealiftTransfer

/// The receipts that the receivers of one run may still give: what each has to say.
struct SenderReceipts {
    private let records: TransferRecords
    private var expected: [SenderEndpoint.SessionID: (ReceiptWitness, Completion)] = [:]

    init(_ records: TransferRecords) {
        self.records = records
    }

    /// A session's receiver has everything, and the log says so.
    /// - Returns: what to tell it.
    mutating func begin(
        _ id: SenderEndpoint.SessionID, _ end: (transfer: TransferID, log: LogHead),
        to device: DeviceID, _ completion: Completion
    ) throws(SealiftError) -> ReceiptWitness {
        let witness = try records.witness(end.transfer, end.log, for: device)
        expected[id] = (witness, completion)
        return witness
    }

    /// A session is gone: it gives no receipt any more.
    mutating func end(_ id: SenderEndpoint.SessionID) { expected[id] = nil }

    /// A receiver signed a receipt. One that cannot be kept is not signed, and the transfer stays as it is.
    /// - Returns: the receipt with both signatures, kept; nil where it is not right.
    mutating func countersign(
        _ proposal: ReceiptProposal, of id: SenderEndpoint.SessionID, by peer: DevicePublicKeys
    ) -> Result<Receipt?, SealiftError> {
        guard let (witness, completion) = expected.removeValue(forKey: id) else {
            return .success(nil)
        }
        do throws(SealiftError) {
            try records.keep(former: proposal.former, with: peer)
            return .success(
                try records.countersign(proposal, of: peer, witness, with: completion))
        } catch {
            return .failure(error)
        }
    }
}
