import Foundation
import Glibc
import Sealift
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import Synchronization
import Testing

/// A sender and a receiver of the facade in one process, over loopback, in a folder of their own.
final class LoopbackTransfer: Sendable {
    /// How the two ends ended, and what the sender said on the way.
    struct Outcome: Sendable {
        var sent: Result<TransferSummary, SealiftError>
        var received: Result<TransferSummary, SealiftError>
        /// What the sender left out, by path.
        var warnings: [[UInt8]: String]
        /// How the receiver's paths were found.
        var routes: [PeerConnection.Route] = []

        /// The receiver's error; nil where it ended well.
        var receiverError: ErrorCode? {
            if case .failure(let error) = received { error.code } else { nil }
        }
    }

    /// The folder's path: everything of the test is in it.
    let path: String

    /// - Parameter inMemory: whether the folder should lie on a tmpfs where there is one: for tests
    ///   that rename a million times.
    init(inMemory: Bool = false) {
        let shared = "/dev/shm"
        let base = inMemory && access(shared, W_OK) == 0 ? shared : "/tmp"
        var template = Array("\(base)/sealift-loopback-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("no temporary directory") }
        path = String(cString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The bytes of the path of `name` in the folder.
    func bytes(_ name: String) -> [UInt8] { Array("\(path)/\(name)".utf8) }

    /// Makes the folder `name`, with those above it, and opens it.
    @discardableResult
    func directory(_ name: String) throws -> DirectoryHandle {
        try FileManager.default.createDirectory(
            atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        return try DirectoryHandle.open(path: bytes(name))
    }

    /// Makes the file `name`, with the folders above it.
    func write(_ content: String, to name: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: file)
    }

    /// Everything below `name`, by path: a file's content, a link's target behind `->`, `/` for a
    /// folder. The private folder is left out where it is empty.
    func snapshot(_ name: String) throws -> [[UInt8]: [UInt8]] {
        var found: [[UInt8]: [UInt8]] = [:]
        try Self.note(try DirectoryHandle.open(path: bytes(name)), prefix: [], &found)
        return found
    }

    private static func note(
        _ directory: DirectoryHandle, prefix: [UInt8], _ found: inout [[UInt8]: [UInt8]]
    ) throws {
        for name in try directory.entries() {
            let path = prefix + name
            switch try directory.status(of: name).kind {
            case .directory:
                found[path] = [UInt8(ascii: "/")]
                try note(
                    try directory.openDirectory(name), prefix: path + [UInt8(ascii: "/")], &found)
            case .symbolicLink:
                found[path] = Array("->".utf8) + (try directory.readSymbolicLink(name))
            case .file:
                found[path] = try directory.openFile(name, for: .reading)
                    .readAll(atMost: 16 << 20)
            case .special:
                found[path] = Array("special".utf8)
            }
        }
    }

    /// Sends `source` and receives it into `output`, both paths within the folder. The sender is
    /// stopped where the receiver ends badly.
    func run(
        sending source: String, into output: String,
        with changeSending: (inout SendOptions) -> Void = { _ in },
        receiving changeReceiving: (inout ReceiveOptions) -> Void = { _ in }
    ) throws -> Outcome {
        var sendOptions = SendOptions(
            paths: [bytes(source)],
            listen: [try #require(EndpointAddress(bytes: [127, 0, 0, 1], port: 0))],
            home: bytes("home-sender"))
        changeSending(&sendOptions)
        let sending = Sending(options: sendOptions)
        let thread = try NamedThread(name: "sender") { sending.run() }
        defer { thread.join() }
        guard let ticket = sending.observer.awaitTicket() else {
            thread.join()
            let result = try #require(sending.result)
            return Outcome(sent: result, received: result, warnings: sending.observer.warnings)
        }
        var received: Result<TransferSummary, SealiftError>
        let receiver = Observer()
        do throws(SealiftError) {
            var options = try ReceiveOptions(
                ticketText: ticket, output: bytes(output), home: bytes("home-receiver"))
            changeReceiving(&options)
            received = .success(
                try runReceive(options, observer: receiver, cancellation: Cancellation()))
        } catch {
            received = .failure(error)
            sending.cancellation.request()
        }
        thread.join()
        return Outcome(
            sent: try #require(sending.result), received: received,
            warnings: sending.observer.warnings, routes: receiver.routes)
    }

    /// A ticket of a sender that is nowhere.
    func ticket(secret: PreSharedKey, addresses: [EndpointAddress]) throws -> String {
        let fingerprint = try #require(DeviceFingerprint([UInt8](repeating: 7, count: 16)))
        return try #require(
            Ticket(
                secret: secret, fingerprint: fingerprint,
                expires: SystemWallClock.now().adding(seconds: 600),
                addresses: addresses.compactMap { TicketAddress(bytes: $0.bytes, port: $0.port) })
        ).text
    }

    /// The sender's run, on a thread of its own.
    private final class Sending: Sendable {
        let options: SendOptions
        let observer = Observer()
        let cancellation = Cancellation()
        private let ending = Mutex<Result<TransferSummary, SealiftError>?>(nil)

        init(options: SendOptions) {
            self.options = options
        }

        var result: Result<TransferSummary, SealiftError>? { ending.withLock { $0 } }

        func run() {
            let result: Result<TransferSummary, SealiftError>
            do throws(SealiftError) {
                result = .success(
                    try runSend(options, observer: observer, cancellation: cancellation))
            } catch {
                result = .failure(error)
            }
            ending.withLock { $0 = result }
            observer.end()
        }
    }

    /// Accepts what is offered, and remembers the ticket and the warnings.
    private final class Observer: TransferObserver, @unchecked Sendable {
        // @unchecked Sendable: the semaphore is made to be shared, and its place never changes.
        private struct Notes {
            var ticket: String?
            var warnings: [[UInt8]: String] = [:]
            var routes: [PeerConnection.Route] = []
        }

        private let notes = Mutex(Notes())
        private let isTold: UnsafeMutablePointer<sem_t>

        init() {
            isTold = .allocate(capacity: 1)
            sem_init(isTold, 0, 0)
        }

        deinit {
            sem_destroy(isTold)
            isTold.deallocate()
        }

        var warnings: [[UInt8]: String] { notes.withLock { $0.warnings } }

        var routes: [PeerConnection.Route] { notes.withLock { $0.routes } }

        /// Waits for the ticket; nil where the run ended without one.
        func awaitTicket() -> String? {
            while sem_wait(isTold) != 0 {}
            return notes.withLock { $0.ticket }
        }

        func end() { sem_post(isTold) }

        func handle(_ event: TransferEvent) {
            switch event {
            case .ticket(let text):
                notes.withLock { $0.ticket = text }
                sem_post(isTold)
            case .warning(let warning):
                notes.withLock { $0.warnings[warning.path ?? []] = warning.message }
            case .connected(let connection):
                notes.withLock { $0.routes.append(connection.route) }
            default:
                break
            }
        }

        func decide(_ offer: OfferSummary) -> Decision { .accept }
    }
}
