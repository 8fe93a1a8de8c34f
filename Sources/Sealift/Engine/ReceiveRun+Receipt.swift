import SealiftCrypto
import SealiftPeople
import SealiftTransfer

// The receipt that both ends sign (`docs/PROTOCOL.md` §7.6).
extension ReceiveRun {
    /// Everything is here, and the sender said where its log stands: logs the end, and signs.
    func sign(_ witness: ReceiptWitness, of attempt: ReceiveAttempt) {
        do throws(SealiftError) {
            guard let senderKeys, let completion, failure == nil, refutedFiles == 0 else {
                return attempt.endpoint.renounceReceipt()
            }
            try records.keep(former: witness.former, with: senderKeys)
            let tally = attempt.tally
            let end = try records.ended(
                senderKeys.id, with: completion, isWhole: tally.isWhole,
                bytes: progress.received(tally))
            guard let end,
                let proposal = try records.proposal(
                    witness, from: senderKeys, with: completion,
                    isReadBack: options.choices.verifiesDisk, log: end.log)
            else { return attempt.endpoint.renounceReceipt() }
            self.proposal = proposal
            attempt.endpoint.propose(proposal)
        } catch {
            failure = error
            attempt.endpoint.renounceReceipt()
        }
    }

    /// A receipt is waited for no longer: what was received stays so.
    func endReceipt() {
        receiptDeadline = nil
        current.endpoint.renounceReceipt()
    }

    /// The sender signed too.
    func keepReceipt(countersigned signature: [UInt8]) {
        guard let proposal else { return }
        guard
            let receipt = Receipt(
                proposal.statement, sender: signature, receiver: proposal.signature)
        else {
            observer.tell(
                .warning(TransferWarning("the sender's signature under the receipt is wrong")))
            return
        }
        do throws(SealiftError) { try records.keep(receipt) } catch {
            observer.tell(.warning(TransferWarning("no receipt was kept: \(error.message)")))
        }
    }
}
