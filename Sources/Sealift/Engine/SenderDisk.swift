import SealiftBase
import SealiftIO
import SealiftTransfer
import Synchronization

/// The thread that reads and hashes what receivers ask for: one ``SenderWorker`` a session, behind
/// two queues.
final class SenderDisk: Sendable {
    /// What the socket thread tells it.
    enum Command: Sendable {
        /// A session was let in.
        case admit(SenderEndpoint.SessionID)
        /// Work of a session.
        case work(SenderEndpoint.SessionID, SenderCommand)
        /// A session is over.
        case end(SenderEndpoint.SessionID)
        /// Look again at who is paused.
        case wake
    }

    /// What it found for a session.
    struct Output: Sendable {
        let session: SenderEndpoint.SessionID
        let output: SenderOutput
    }

    /// Commands that may wait; a request message asks for hundreds of pieces, so this is plenty.
    private static let commandCapacity = 16_384
    /// Objects read ahead: 128 of 256 KiB are 32 MiB, 30 ms at 1 GB/s.
    private static let outputCapacity = 128

    private let commands = BoundedQueue<Command>(capacity: SenderDisk.commandCapacity)
    private let outputs: BoundedQueue<Output>
    private let paused = PausedSessions()
    private let thread: NamedThread

    /// The sessions for which no more pieces are read, because their receivers are slower.
    private final class PausedSessions: Sendable {
        let value = Mutex<Set<SenderEndpoint.SessionID>>([])
    }

    /// Starts the thread; `waker` is called when there is an output to take.
    /// - Parameter manifest: where the manifest goes, or nil.
    init(catalog: SendCatalog, manifest: ManifestFile?, waker: Waker) throws(SystemError) {
        let commands = commands
        let paused = paused
        // The socket thread takes everything, or has more to send than it can.
        let outputs = BoundedQueue<Output>(
            capacity: SenderDisk.outputCapacity, refill: .whenHalfEmpty
        ) { waker.wake() }
        self.outputs = outputs
        thread = try NamedThread(name: "disk") {
            var loop = WorkLoop(
                catalog: catalog, manifest: manifest, commands: commands, outputs: outputs,
                paused: paused)
            loop.run()
        }
    }

    /// Puts work before the thread; false where it must be tried again.
    func tryPush(_ command: Command) -> Bool {
        commands.tryPush(command) != .full
    }

    /// The next thing that the thread found; nil where there is nothing.
    func takeOutput() -> Output? { outputs.tryPop() }

    /// Reads no more pieces for `sessions` until it is told otherwise.
    func pause(_ sessions: Set<SenderEndpoint.SessionID>) {
        let hasChanged = paused.value.withLock { value in
            defer { value = sessions }
            return value != sessions
        }
        if hasChanged { _ = commands.tryPush(.wake) }
    }

    /// Ends the thread.
    func finish() {
        commands.closeAndDiscard()
        outputs.closeAndDiscard()
        thread.join()
    }

    /// The thread's life: take commands, do one piece of work, hand on what came of it.
    private struct WorkLoop {
        let catalog: SendCatalog
        let manifest: ManifestFile?
        let commands: BoundedQueue<Command>
        let outputs: BoundedQueue<Output>
        let paused: PausedSessions
        var workers: [SenderEndpoint.SessionID: SenderWorker<SenderFileSource>] = [:]
        var handover = HandoverPace()

        mutating func run() {
            while true {
                var isIdle = true
                let paused = paused.value.withLock { $0 }
                for id in workers.keys.sorted() {
                    // Where its receiver has plenty, hashing behind it goes on.
                    let isPaused = paused.contains(id)
                    let hasRoom = outputs.count < outputs.capacity && !isPaused
                    switch workers[id]?.step(includingRequested: hasRoom) {
                    case .output(let output):
                        isIdle = false
                        guard hand(output, to: id) else { return }
                    case .working:
                        isIdle = false
                    case .idle, nil:
                        // Pieces wait but have no room: the next push would have waited as well.
                        guard !hasRoom, !isPaused, workers[id]?.hasRequestedPieces == true else {
                            continue
                        }
                        isIdle = false
                        guard case .output(let output)? = workers[id]?.step() else { continue }
                        guard hand(output, to: id) else { return }
                    }
                }
                if isIdle {
                    if handover.pause() { outputs.announce() }
                    guard let command = commands.pop() else { return }
                    take(command)
                }
                while let command = commands.tryPop() { take(command) }
            }
        }

        /// Hands an output on; false where nobody takes any more.
        private mutating func hand(
            _ output: SenderOutput, to id: SenderEndpoint.SessionID
        ) -> Bool {
            var bytes = 0
            if case .object(_, let buffer, _) = output { bytes = buffer.count }
            let isDue = handover.isDue(bytes, now: MonotonicClock.now())
            return outputs.push(
                Output(session: id, output: output), announced: isDue ? .now : .later)
        }

        private mutating func take(_ command: Command) {
            switch command {
            case .admit(let id):
                workers[id] = SenderWorker(
                    source: SenderFileSource(catalog: catalog, manifest: manifest),
                    foreseesManifest: manifest == nil)
            case .work(let id, let command):
                workers[id]?.enqueue(command)
            case .end(let id):
                workers.removeValue(forKey: id)
            case .wake:
                break
            }
        }
    }
}
