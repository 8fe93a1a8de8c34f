import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import Synchronization

/// One version of one checkpoint on its way to one contact, on a thread of its own: an ordinary `send --to`.
final class RunningDelivery: Sendable {
    /// How it ended.
    struct Outcome: Sendable {
        let delivery: CheckpointWatch.Delivery
        let result: Result<TransferSummary, SealiftError>
        /// Whether there is a receipt for the whole.
        let hasReceipt: Bool
        /// Whether what was found to be sent was another version.
        let isOtherVersion: Bool
    }

    /// What the thread keeps of it.
    private struct Notes {
        var hasReceipt = false
        var isOtherVersion = false
    }

    let delivery: CheckpointWatch.Delivery
    private let cancellation = Cancellation()
    private let thread = Mutex<NamedThread?>(nil)
    private let notes = Mutex(Notes())

    /// Starts to offer `delivery`.
    /// - Parameters:
    ///   - folder: the folder's absolute path.
    ///   - done: told how it ended.
    init(
        _ delivery: CheckpointWatch.Delivery, in folder: [UInt8], _ options: WatchOptions,
        passphrase: PassphraseSource, observer: any TransferObserver,
        done: @escaping @Sendable (Outcome) -> Void
    ) throws(SystemError) {
        self.delivery = delivery
        var sending = options.sending
        sending.paths = [folder + [UInt8(ascii: "/")] + delivery.name]
        // A port of its own for each.
        sending.listen = sending.listen.map { EndpointAddress(socketBytes: $0.bytes, port: 0) }
        var reach = options.reach
        reach.passphrase = passphrase
        let (chosen, way) = (sending, reach)
        let thread = try NamedThread(name: "deliver") { [self] in
            let result: Result<TransferSummary, SealiftError>
            do throws(SealiftError) {
                result = .success(
                    try send(chosen, way, passphrase, in: folder, observer: observer))
            } catch {
                result = .failure(error)
            }
            let notes = notes.withLock { $0 }
            done(
                Outcome(
                    delivery: delivery, result: result, hasReceipt: notes.hasReceipt,
                    isOtherVersion: notes.isOtherVersion))
        }
        self.thread.withLock { $0 = thread }
    }

    private func send(
        _ options: SendOptions, _ reach: ContactReach, _ passphrase: PassphraseSource,
        in folder: [UInt8], observer: any TransferObserver
    ) throws(SealiftError) -> TransferSummary {
        let access = try ContactAccess(home: options.home, passphrase: passphrase)
        let found: (contact: Contact, chain: DeviceChain)?
        do throws(StoreFailure) {
            found = try access.store.contactWithChain(delivery.recipient)
        } catch {
            throw SealiftError(log: error)
        }
        guard let found else {
            throw SealiftError(
                .contactUnknown, "the contact was removed",
                advice: "`sealift contact list` shows who there is.")
        }
        return try OfferDelivery.run(
            options, to: found.contact, found.chain, access, reach, passphrase,
            observer: observer, cancellation: cancellation,
            objection: { [self] catalog in
                guard catalog.checkpointVersion != delivery.version else { return nil }
                notes.withLock { $0.isOtherVersion = true }
                return SealiftError(
                    .sourceUnreadable, "it changed before it was sent",
                    advice: "It is offered again when it is complete.")
            },
            receiptKept: { [self] receipt, isWhole in
                guard isWhole else { return }
                let statement = receipt.statement
                // Kept at once: what was received is not offered again, whatever happens to this run. Where
                // it cannot be kept, the next run offers it again, and deletes nothing.
                let kept: Void? = try? access.store.keep(
                    WatchedDelivery(
                        name: delivery.name, version: delivery.version.digest,
                        recipient: delivery.recipient,
                        receipt: WatchedDelivery.Evidence(
                            transfer: statement.transfer, peer: statement.receiver.id)),
                    in: folder, at: SystemWallClock.now())
                if kept != nil { notes.withLock { $0.hasReceipt = true } }
            })
    }

    /// Takes the offer back; what is proven at the receiver is kept there.
    func cancel() { cancellation.request() }

    /// Waits until it has ended.
    func join() { thread.withLock { $0 }?.join() }
}
