public import SealiftBase

extension Connection {
    /// Closes the connection: the peer is told, everything queued is let go. What was written before
    /// and is not yet delivered is lost with it (see ``isControlDelivered``).
    ///
    /// - Parameter reason: for the peer's eyes; cut to 128 bytes.
    public mutating func close(code: CloseCode, reason: String, now: Instant) {
        guard state == .open else { return }
        beginClosing(code: code, reason: reason, now: now)
        events.append(.closed(.local(code, reason: reason)))
    }

    /// Closes because the peer broke a rule.
    mutating func close(violation: Violation, now: Instant) {
        guard state == .open else { return }
        beginClosing(code: .violation, reason: violation.rawValue, now: now)
        events.append(.closed(.peerViolated(violation)))
    }

    /// Closes because keys may be used no further.
    mutating func closeForKeyExhaustion(now: Instant) {
        guard state == .open else { return }
        beginClosing(code: .keyExhausted, reason: "", now: now)
        events.append(.closed(.keysExhausted))
    }

    private mutating func beginClosing(code: CloseCode, reason: String, now: Instant) {
        state = .closing
        closing = Closing(
            code: code, reason: reason, now: now, probeTimeout: .nanoseconds(path.probeTimeout))
        releaseBuffers()
    }

    private mutating func releaseBuffers() {
        outgoingObjects.removeAll()
        incomingObjects.removeAll()
        outgoingControl.removeAll()
    }

    /// The peer closed: it is told once that this end knows, so that it need not wait (RFC 9000
    /// §10.2.2), and nothing more.
    mutating func drain(code: CloseCode, reason: UnsafeRawBufferPointer, now: Instant) {
        state = .draining
        closing = Closing(
            code: .done, reason: "", now: now, probeTimeout: .nanoseconds(path.probeTimeout))
        releaseBuffers()
        events.append(.closed(.peer(code, reason: String(decoding: reason, as: UTF8.self))))
    }

    /// The session is lost: nothing was heard for too long.
    mutating func expire() {
        if state == .open { events.append(.closed(.idleTimeout)) }
        state = .closed
        releaseBuffers()
    }

    /// A packet opened after this end closed: repeat the close frame, unless the peer knows or closed
    /// too. Then all is said.
    mutating func receiveWhileClosing(_ plaintext: UnsafeRawBufferPointer, now: Instant) {
        closing?.packetOpened(now: now)
        var reader = FrameReader(plaintext)
        while let frame = try? reader.next(ranges: &rangesScratch) {
            if case .close = frame {
                state = .closed
                return
            }
        }
    }
}
