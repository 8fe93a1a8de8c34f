import NIOCore
import NIOWebSocket
import SealiftBase
import SealiftTraversal

/// One client of the load: waits at its own mailbox, and puts boxes into its neighbour's, the next when
/// the last is stored. Lives on one event loop.
final class LoadClient: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let index: UInt64
    private let count: UInt64
    private let rounds: UInt64
    private let tally: LoadTally
    private var sent: UInt64 = 0
    private var received: Set<UInt64> = []
    private var context: ChannelHandlerContext?

    init(index: Int, count: Int, rounds: Int, tally: LoadTally) {
        self.index = UInt64(index)
        self.count = UInt64(count)
        self.rounds = UInt64(rounds)
        self.tally = tally
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        tally.note { $0.closed += 1 }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).unmaskedData.readableBytesView)
        guard let message = bytes.withUnsafeBytes({ ServerMessage($0) }) else { return }
        switch message {
        case .welcome:
            // As a real client does: its own name among dummies.
            let names = [mailbox(of: index)] + (1..<32).map { mailbox(of: index, dummy: $0) }
            send(.subscribe(names.sorted()))
            tally.note { $0.ready += 1 }
        case .stored:
            tally.note { $0.stored += 1 }
            putNext()
        case .box(_, let box):
            let number = Self.number(box.bytes[0..<8])
            let sentAt = Self.number(box.bytes[8..<16])
            let isNew = received.insert(number).inserted
            tally.note { $0.receive(isNew: isNew, sentAt: Int64(bitPattern: sentAt)) }
        default:
            tally.note { $0.refused += 1 }
        }
    }

    /// Puts the next box where there is one left to put.
    func putNext() {
        guard sent < rounds else { return }
        var writer = ByteWriter(capacity: RendezvousBox.byteCount)
        writer.write(sent)
        writer.write(UInt64(bitPattern: tally.now()))
        writer.writeZeros(RendezvousBox.byteCount - 16)
        sent += 1
        guard let box = RendezvousBox(writer.bytes) else { return }
        send(.put(mailbox(of: (index + 1) % count), box))
    }

    private func send(_ message: ClientMessage) {
        guard let context else { return }
        let frame = WebSocketFrame(
            fin: true, opcode: .binary, maskKey: .random(),
            data: context.channel.allocator.buffer(bytes: message.encoded))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func mailbox(of index: UInt64, dummy: UInt64 = 0) -> MailboxID {
        var writer = ByteWriter(capacity: 16)
        writer.write(dummy &* 0x9E37_79B9_7F4A_7C15 ^ index)
        writer.write(index)
        guard let id = MailboxID(writer.bytes) else { preconditionFailure("16 bytes are a name") }
        return id
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
