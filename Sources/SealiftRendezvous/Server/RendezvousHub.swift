import NIOCore
import NIOWebSocket
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTraversal
import Synchronization

/// Joins the server's core with the connections: one lock, held for microseconds, around one value.
///
/// What the core wants said is queued on each connection's own event loop before the lock is given up,
/// so a client gets its messages in the core's order.
final class RendezvousHub: Sendable {
    typealias ClientNumber = RendezvousCore.ClientNumber

    private struct State {
        var core: RendezvousCore
        var channels: [ClientNumber: any Channel] = [:]
    }

    private let state: Mutex<State>

    init(limits: RendezvousLimits, notesSources: Bool) {
        state = Mutex(
            State(
                core: RendezvousCore(
                    limits: limits, notesSources: notesSources,
                    entropy: SealiftCrypto.SystemEntropy())))
    }

    /// Takes whom something was refused to; nil where that is not to be known.
    func takeRefusedSources() -> [RefusedSource]? {
        state.withLock { $0.core.takeRefusedSources() }
    }

    /// What was counted.
    var counters: RendezvousCounters { state.withLock { $0.core.counters } }

    /// Lets a client in; nil where it has to go away.
    func connect(_ channel: any Channel, from address: TransportAddress) -> ClientNumber? {
        change { state, now in
            guard let number = state.core.connect(from: address, now: now) else { return nil }
            state.channels[number] = channel
            return number
        }
    }

    /// Takes a message of a client.
    func receive(_ message: [UInt8], from number: ClientNumber) {
        change { state, now in
            message.withUnsafeBytes { state.core.receive($0, from: number, now: now) }
        }
    }

    /// Forgets a client whose connection is gone.
    func disconnect(_ number: ClientNumber) {
        change { state, now in
            state.core.disconnect(number, now: now)
            state.channels[number] = nil
        }
    }

    /// Drops what has had its time. Called a few times a second.
    func handleTimeout() {
        change { state, now in state.core.handleTimeout(now: now) }
    }

    /// Tells everybody to go.
    func drain() {
        change { state, _ in state.core.drain() }
    }

    /// Hangs up on everybody.
    func closeAll() {
        let channels = state.withLock { Array($0.channels.values) }
        for channel in channels { channel.close(promise: nil) }
    }

    @discardableResult
    private func change<Value: Sendable>(_ body: (inout State, Instant) -> Value) -> Value {
        let now = MonotonicClock.now()
        return state.withLock { state in
            let value = body(&state, now)
            while let action = state.core.pollAction() {
                switch action {
                case .send(let number, let bytes):
                    if let channel = state.channels[number] { Self.send(bytes, on: channel) }
                case .hangUp(let number):
                    if let channel = state.channels.removeValue(forKey: number) {
                        channel.eventLoop.execute { channel.close(promise: nil) }
                    }
                }
            }
            return value
        }
    }

    private static func send(_ bytes: [UInt8], on channel: any Channel) {
        // Never at once: writing may call back into the hub, whose lock is held.
        channel.eventLoop.execute {
            // Who does not read what it asked for holds memory that is everybody's.
            guard channel.isWritable else { return channel.close(promise: nil) }
            let frame = WebSocketFrame(
                fin: true, opcode: .binary, data: channel.allocator.buffer(bytes: bytes))
            channel.writeAndFlush(frame, promise: nil)
        }
    }
}
