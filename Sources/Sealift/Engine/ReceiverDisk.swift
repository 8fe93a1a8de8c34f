import DequeModule
import SealiftBase
import SealiftIO
import SealiftTransfer

/// The thread that proves and writes what a receiver gets: a ``ReceiverWorker`` behind two queues.
final class ReceiverDisk: Sendable {
    /// Commands that may wait. The request window bounds what can be outstanding, so this is never
    /// reached with content; ``Backlog`` keeps what a burst of small files leaves over.
    private static let commandCapacity = 16_384
    /// Outputs that may wait before the thread pauses.
    private static let outputCapacity = 16_384

    private let commands = BoundedQueue<ReceiverCommand>(capacity: ReceiverDisk.commandCapacity)
    private let outputs: BoundedQueue<ReceiverOutput>
    private let thread: NamedThread

    /// Starts the thread; `waker` is called when there is an output to take.
    /// - Parameter predecessor: the disk of a session before, which may still be writing: nothing is
    ///   done before it has ended, so that two never have one file open.
    init(
        store: sending ReceiverFileStore, choices: ReceiverChoices,
        after predecessor: ReceiverDisk?, waker: Waker
    ) throws(SystemError) {
        let commands = commands
        let outputs = BoundedQueue<ReceiverOutput>(capacity: ReceiverDisk.outputCapacity) {
            waker.wake()
        }
        self.outputs = outputs
        thread = try NamedThread(name: "disk") {
            predecessor?.finish()
            var worker = ReceiverWorker(store: store, choices: choices)
            var found: [ReceiverOutput] = []
            var handover = HandoverPace()
            while true {
                var next = commands.tryPop()
                if next == nil {
                    if handover.pause() { outputs.announce() }
                    next = commands.pop()
                }
                guard let command = next else { break }
                worker.handle(command, into: &found)
                let now = MonotonicClock.now()
                for output in found {
                    var bytes = 0
                    if case .proven(_, _, let count) = output { bytes = Int(clamping: count) }
                    outputs.push(output, announced: handover.isDue(bytes, now: now) ? .now : .later)
                }
                found.removeAll(keepingCapacity: true)
            }
            worker.handle(.abandon, into: &found)
        }
    }

    /// Puts work before the thread; false where it must be tried again.
    func tryPush(_ command: ReceiverCommand) -> Bool {
        commands.tryPush(command) != .full
    }

    /// The next thing that the thread found; nil where there is nothing.
    func takeOutput() -> ReceiverOutput? { outputs.tryPop() }

    /// Lets the thread do what it was given, keep what is proven, and end; waits for nothing.
    func retire() {
        commands.close()
        outputs.closeAndDiscard()
    }

    /// The same, and waits until the thread has ended.
    func finish() {
        retire()
        thread.join()
    }
}
