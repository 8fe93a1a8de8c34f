import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import Synchronization

/// A download that a contact was granted, on a thread of its own: an ordinary sender, whose ticket only the
/// device that asked can use.
final class RunningDownload: Sendable {
    /// What happens, in order.
    enum Event: Sendable {
        /// The ticket that the device is to be told.
        case ticket(String)
        /// Content moves.
        case began
        /// Something the user should know.
        case warning(TransferWarning)
        /// It is over.
        case ended(Result<TransferSummary, SealiftError>)
    }

    /// How long the device that asked has to come.
    static let patience = Duration.seconds(90)
    /// How long the ticket may be claimed, and a download that was broken off be continued with it.
    static let expiry = Duration.seconds(3_600)

    private struct State {
        var events: [Event] = []
        /// Content bytes sent, as far as is known, and as far as they were taken.
        var sentBytes: UInt64 = 0
        var takenBytes: UInt64 = 0
        var thread: NamedThread?
    }

    private let state = Mutex(State())
    private let cancellation = Cancellation()
    private let wake: @Sendable () -> Void

    /// Starts to serve `download`; `wake` is called when there is an event to take.
    init(
        _ download: ShareDesk.Download, _ options: UpOptions, passphrase: PassphraseSource,
        wake: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.wake = wake
        var sending = SendOptions(
            paths: [download.share.path],
            listen: options.listen.map { EndpointAddress(socketBytes: $0.bytes, port: 0) },
            expires: Self.expiry, wait: Self.patience,
            traffic: options.traffic, rendezvous: options.rendezvous, stun: options.stun,
            network: options.network, relay: options.relay, home: options.home)
        sending.passphrase = passphrase
        sending.offersCode = false
        sending.grant = GrantedContent(
            recipients: [download.asker.device], part: download.part,
            name: Array(download.share.name.text.utf8), decision: .share)
        let chosen = sending
        let thread = try NamedThread(name: "share") { [self] in
            let result: Result<TransferSummary, SealiftError>
            do throws(SealiftError) {
                let run = try SendRun(
                    chosen, observer: Watcher(self), cancellation: cancellation)
                // However it ends, this is what was sent to the last byte.
                defer { note(sent: run.guests.sentBytes) }
                result = .success(try run.run())
            } catch {
                result = .failure(error)
            }
            put(.ended(result))
        }
        state.withLock { $0.thread = thread }
    }

    /// Ends it.
    func cancel() { cancellation.request() }

    /// Waits until it has ended.
    func join() { state.withLock { $0.thread }?.join() }

    /// The events since the last call.
    func takeEvents() -> [Event] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    /// Bytes of content sent since the last call.
    func takeSentBytes() -> UInt64 {
        state.withLock { state in
            defer { state.takenBytes = state.sentBytes }
            return state.sentBytes - state.takenBytes
        }
    }

    private func note(sent bytes: UInt64) {
        state.withLock { $0.sentBytes = max($0.sentBytes, bytes) }
    }

    private func put(_ event: Event) {
        state.withLock { $0.events.append(event) }
        wake()
    }

    /// Watches the sender.
    private struct Watcher: TransferObserver {
        let download: RunningDownload

        init(_ download: RunningDownload) {
            self.download = download
        }

        func handle(_ event: TransferEvent) {
            switch event {
            case .ticket(let text): download.put(.ticket(text))
            case .connected: download.put(.began)
            // The last report counts holes too; the run itself knows better then.
            case .progress(let progress)
            where progress.phase == .transferring && progress.bytesDone < progress.bytesTotal:
                download.note(sent: progress.bytesDone)
            case .warning(let warning): download.put(.warning(warning))
            case .code, .listening, .moved, .reconnecting, .progress, .file, .delivered, .offer,
                .gone:
                break
            }
        }

        func decide(_ offer: OfferSummary) -> Decision { .accept }
    }
}
