import SealiftBase
import SealiftContent
import SealiftTransfer
import SealiftTransport

extension FuzzTarget {
    /// A receiver's session and worker against a hostile sender: any message, any listing, any
    /// object, at any time.
    ///
    /// Nothing is placed before the user said yes, nothing twice, nothing unproven, and what may be
    /// outstanding is bounded.
    static let receiverSession = FuzzTarget(
        "receiver-session", maximumLength: 4_096, seeds: ReceiverRun.seeds
    ) { input throws(BrokenRule) in
        var run = ReceiverRun(&input)
        while !input.isAtEnd { try run.step(&input) }
    }
}

private struct ReceiverRun {
    private enum Step: UInt8, CaseIterable {
        case message, offer, serve, spoil, accept, decline, claimed, zero, root, fail, confirm,
            wait, ahead
    }

    /// What the receiver expects under an object's id.
    private struct Expected {
        let id: ObjectID
        let length: Int
        let subject: Subject
    }
    private enum Subject {
        case piece(FileIndex, PieceIndex)
        case hashes
    }

    private var session: ReceiverSession
    private let store: BoundedStore
    private var worker: ReceiverWorker<BoundedStore>
    private var framer = ControlMessageFramer()
    private var now = Instant.zero
    private var listing: [UInt8] = []
    private var entries: [ListingEntry] = []
    private var expected: [Expected] = []
    private var latestLengths: (first: ObjectID, lengths: [Int])?
    private var isAccepted = false
    /// Bytes of the listing's object given unasked.
    private var aheadGiven = 0
    private var completion: Completion?

    init(_ input: inout FuzzInput) {
        let pieces = UInt64(input.byte())
        session = ReceiverSession(takesListingAhead: !pieces.isMultiple(of: 2))
        let hash = Self.content(0, count: PieceGeometry.pieceSize, isOnly: false).hash
        store = BoundedStore(
            remembering: pieces == 0 ? nil : (FileIndex(UInt64(input.byte())), pieces, hash))
        worker = ReceiverWorker(store: store)
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .message: receive(bytes: input.run())
        case .offer: offer(input.run())
        case .serve: try serve(input.choice(max(1, min(256, expected.count))), spoiledBy: nil)
        case .spoil:
            let index = input.choice(max(1, min(256, expected.count)))
            try serve(index, spoiledBy: input.run(atMost: 64))
        case .accept:
            isAccepted = true
            session.accept()
        case .decline: session.decline()
        case .claimed: session.receive(.claimed)
        case .zero:
            guard let first = expected.first else { return }
            session.receive(.zero(first: first.id, count: 1 + UInt64(input.byte())))
        case .root: session.receive(.fileRoot(FileIndex(UInt64(input.byte())), root(&input)))
        case .fail:
            let failure = FileFailure(rawValue: 1 + UInt8(input.choice(3))) ?? .changed
            session.receive(.fileFailed(FileIndex(UInt64(input.byte())), failure))
        case .confirm: session.receive(.confirm(completion?.root ?? .zero))
        case .ahead: give(bytesAhead: 1 + input.short())
        case .wait: now += .milliseconds(1 << input.choice(16))
        }
        try settle()
    }

    private mutating func receive(bytes: [UInt8]) {
        framer.buffer += bytes
        do throws(TransferViolation) {
            while let message = try framer.next() { session.receive(message) }
        } catch {
            // The endpoint ends the session here.
            framer = ControlMessageFramer()
        }
    }

    /// Offers a listing of whatever bytes, with the totals it adds up to as far as it can be read.
    private mutating func offer(_ bytes: [UInt8]) {
        guard session.offer == nil, !bytes.isEmpty else { return }
        listing = bytes
        var decoder = ListingDecoder()
        decoder.feed(bytes)
        while let entry = try? decoder.next() { entries.append(entry) }
        let content = ContentID(
            length: UInt64(bytes.count), root: RootAccumulator.root(ofBytes: bytes))
        session.receive(
            .offer(Offer(claim: .unclaimed, listing: content, totals: decoder.totals)))
    }

    /// Gives the next bytes of the listing's only object, as if the sender had them sent unasked.
    private mutating func give(bytesAhead count: Int) {
        let hash = listing.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: true) }
        let part = (hash.bytes + listing).dropFirst(aheadGiven).prefix(count)
        aheadGiven += part.count
        session.receive(.listing(Array(part)))
    }

    /// The right root of a file whose every piece is the sample content, or a wrong one.
    private mutating func root(_ input: inout FuzzInput) -> Hash256 {
        let file = FileIndex(UInt64(input.byte()))
        guard let layout = layout(of: file), layout.pieceCount > 1, layout.pieceCount < 64 else {
            return Hash256(input.filled(32)) ?? .zero
        }
        var hashes = PieceHashes(layout: layout)
        for index in 0..<layout.pieceCount {
            let piece = PieceIndex(index)
            hashes.set(sample(piece, of: layout).hash, for: piece)
        }
        return hashes.root() ?? .zero
    }

    private func layout(of file: FileIndex) -> PieceLayout? {
        guard file != .listing, file.rawValue <= UInt64(entries.count) else { return nil }
        return entries[Int(file.rawValue) - 1].pieceLayout
    }

    private func sample(_ piece: PieceIndex, of layout: PieceLayout) -> (
        bytes: [UInt8], hash: Hash256
    ) {
        Self.content(
            UInt8(truncatingIfNeeded: piece.rawValue), count: layout.pieceLength(piece) ?? 0,
            isOnly: layout.pieceCount == 1)
    }

    private static func content(_ piece: UInt8, count: Int, isOnly: Bool) -> (
        bytes: [UInt8], hash: Hash256
    ) {
        let bytes = [UInt8](repeating: 1 | piece & 0xF0, count: count)
        return (bytes, bytes.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: isOnly) })
    }

    /// Delivers an expected object: as it should be, or with some bytes replaced.
    private mutating func serve(_ index: Int, spoiledBy spoil: [UInt8]?) throws(BrokenRule) {
        guard index < expected.count else { return }
        let object = expected.remove(at: index)
        var bytes: [UInt8] = []
        switch object.subject {
        case .hashes:
            bytes = [UInt8](repeating: 3, count: object.length)
        case .piece(.listing, let piece):
            let range = PieceGeometry.byteRange(of: piece, in: UInt64(listing.count))
            // A listing that was offered in a message of the input's own has no bytes here.
            let content =
                range.map { Array(listing[Int($0.lowerBound)..<Int($0.upperBound)]) }
                ?? [UInt8](repeating: 0, count: object.length - Hash256.byteCount)
            let isOnly = session.offer.map { $0.listing.length <= PieceGeometry.pieceSize } ?? true
            let hash = content.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: isOnly) }
            bytes = hash.bytes + content
        case .piece(let file, let piece):
            guard let layout = layout(of: file) else {
                throw BrokenRule(description: "a piece of a file that does not exist")
            }
            let content = sample(piece, of: layout)
            bytes = content.hash.bytes + content.bytes
        }
        try demand(bytes.count == object.length, "an object is expected with another length")
        for (offset, byte) in (spoil ?? []).enumerated() where offset < bytes.count {
            bytes[offset] = byte
        }
        session.receive(object.id, ObjectBuffer(copying: bytes))
    }

    /// Carries actions and outputs between session and worker until nothing moves.
    private mutating func settle() throws(BrokenRule) {
        while let action = session.pollAction() {
            switch action {
            case .send(let message): try note(message)
            case .expectObjects(let first, let lengths): latestLengths = (first, lengths)
            case .withdraw(let id): expected.removeAll { $0.id == id }
            case .work(let command):
                var outputs: [ReceiverOutput] = []
                worker.handle(command, into: &outputs)
                for output in outputs {
                    if case .finished(let completion, _) = output { self.completion = completion }
                    session.receive(output, now: now, roundTrip: .milliseconds(20))
                }
            case .ask, .report, .close: break
            }
            if let rule = store.brokenRule { throw BrokenRule(description: rule) }
        }
        try demand(isAccepted || store.placed.isEmpty, "something was placed unasked")
        let outstanding = expected.reduce(0) { $0 + $1.length }
        // The window, and the run that closed it.
        try demand(
            outstanding <= Int(RequestWindow.maximumSize) + (8 << 20), "too much is outstanding")
    }

    /// Notes what a request asks for, by the rules of PROTOCOL §7.3.
    private mutating func note(_ message: ControlMessage) throws(BrokenRule) {
        guard let (first, lengths) = latestLengths else { return }
        switch message {
        case .hashRequest(let request):
            try demand(
                first == request.object && lengths == [Int(request.count) * Hash256.byteCount],
                "hashes are expected with another length")
            expected.append(Expected(id: first, length: lengths[0], subject: .hashes))
        case .request(let request):
            try demand(
                first == request.firstObject && lengths.count == Int(request.count),
                "a request and what is expected differ")
            var (file, next) = (request.file, request.piece.rawValue)
            for (offset, length) in lengths.enumerated() {
                if file != .listing {
                    while let layout = layout(of: file) {
                        if let run = layout.dataRun(atOrAfter: next) {
                            next = run.lowerBound
                            break
                        }
                        (file, next) = (file.next, 0)
                    }
                }
                expected.append(
                    Expected(
                        id: ObjectID(first.rawValue + UInt64(offset)), length: length,
                        subject: .piece(file, PieceIndex(next))))
                next += 1
            }
        default: return
        }
        latestLengths = nil
    }

    static func seeds() -> [[UInt8]] {
        func offer(_ listing: [UInt8]) -> [UInt8] {
            seed {
                $0.write(Step.offer.rawValue)
                $0.writeRun(listing)
            }
        }
        let serve: [UInt8] = [Step.serve.rawValue, 0]
        let begin = serve + [Step.accept.rawValue, Step.claimed.rawValue]
        let whole = offer(SampleListing.bytes) + begin
        let root: [UInt8] = [Step.root.rawValue, 6, 6]
        let all = (0..<24).flatMap { _ in serve }
        return [
            [0] + whole + all + root + [Step.confirm.rawValue],
            [0] + whole + serve + [Step.zero.rawValue, 0] + all + root + [Step.confirm.rawValue],
            [2, 6] + whole + all + root + all + [Step.confirm.rawValue],
            [0] + whole + [Step.fail.rawValue, 0, 6, Step.fail.rawValue, 1, 3] + all
                + [Step.confirm.rawValue],
            [0] + whole + [Step.spoil.rawValue, 3, 0, 2, 9, 9] + all,
            [0] + offer(SampleListing.bytes) + serve + [Step.decline.rawValue],
            [0] + offer(Array("SLL1".utf8)) + begin + [Step.confirm.rawValue],
            [1, 6] + offer(SampleListing.bytes) + [Step.ahead.rawValue, 0, 40]
                + [Step.ahead.rawValue, 0xFF, 0xFF, Step.accept.rawValue, Step.claimed.rawValue]
                + all
                + root + [Step.confirm.rawValue],
            [0, Step.wait.rawValue, 9]
                + seed { writer in
                    for message in ControlMessage.samples {
                        writer.write(Step.message.rawValue)
                        writer.writeRun(message.encoded)
                    }
                },
        ]
    }
}
