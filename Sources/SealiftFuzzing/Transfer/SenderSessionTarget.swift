import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransfer
import SealiftTransport

extension FuzzTarget {
    /// A sender's session and worker against a hostile receiver: any message at any time.
    ///
    /// Only what was asked for is answered, once; nothing but the listing before a claim; and what is
    /// answered is what the files hold.
    static let senderSession = FuzzTarget(
        "sender-session", maximumLength: 2_048, seeds: SenderRun.seeds
    ) { input throws(BrokenRule) in
        guard let source = try? MemorySource(SenderRun.items) else {
            throw BrokenRule(description: "no tree")
        }
        var run = SenderRun(source)
        while !input.isAtEnd { try run.step(&input) }
        try run.end()
    }
}

private struct SenderRun {
    private enum Step: UInt8, CaseIterable {
        case message, request, hashes, claim, decide, refuse, skip, complete, work
    }

    /// A small tree with one of everything.
    static let items: [MemorySource.Item] = {
        let contents: [String: [UInt8]] = [
            "tree/small": Array("hello".utf8), "tree/two": [UInt8](repeating: 7, count: 300_000),
            "tree/zwei/\u{E9}": [1],
        ]
        return SampleListing.entries.filter { ($0.file?.size ?? 0) <= 300_000 }.map { entry in
            MemorySource.Item(
                entry: entry,
                content: contents[String(decoding: entry.path.bytes, as: UTF8.self)] ?? [])
        }
    }()

    /// Steps after which a worker that never rests is stuck.
    private static let patience = 5_000

    private var session: SenderSession
    private var worker: SenderWorker<MemorySource>
    private let source: MemorySource
    private var framer = ControlMessageFramer()
    private var nextObject: UInt64 = 0
    private var answered: Set<ObjectID> = []
    /// Objects that are hashes, not pieces.
    private var hashObjects: Set<ObjectID> = []
    private var isGranted = false
    /// The objects of the listing that went unasked.
    private var ahead: [UInt8] = []

    init(_ source: MemorySource) {
        self.source = source
        session = SenderSession(offering: source.offer(), sendsListingAhead: true)
        worker = SenderWorker(source: source)
    }

    mutating func step(_ input: inout FuzzInput) throws(BrokenRule) {
        switch Step.allCases[input.choice(Step.allCases.count)] {
        case .message:
            framer.buffer += input.run()
            do throws(TransferViolation) {
                while let message = try framer.next() { session.receive(message) }
            } catch {
                framer = ControlMessageFramer()
            }
        case .request:
            let request = PieceRequest(
                firstObject: ObjectID(nextObject), file: FileIndex(UInt64(input.byte())),
                piece: PieceIndex(UInt64(input.byte())), count: 1 + UInt64(input.byte()))
            session.receive(.request(request))
        case .hashes:
            let request = HashRequest(
                object: ObjectID(nextObject), file: FileIndex(UInt64(input.byte())),
                firstPiece: PieceIndex(UInt64(input.byte())), count: 1 + UInt64(input.byte()))
            session.receive(.hashRequest(request))
        case .claim: session.receive(.claim)
        case .decide:
            session.claimDecided(nil)
            isGranted = isGranted || session.isClaimed
        case .refuse: session.claimDecided(.alreadyUsed)
        case .skip:
            session.receive(
                .skip(first: FileIndex(UInt64(input.byte())), count: 1 + UInt64(input.byte())))
        case .complete:
            let root = Hash256(input.filled(32)) ?? .zero
            session.receive(.complete(Completion(root: root, files: 0, bytes: 0)))
        case .work: try work(steps: 1 + input.choice(16))
        }
        try takeActions()
    }

    /// Whatever was asked, the work comes to an end.
    mutating func end() throws(BrokenRule) {
        // The session has work of its own from the beginning: the listing that goes ahead.
        try takeActions()
        try work(steps: Self.patience)
        try takeActions()
        guard case .idle = worker.step() else {
            throw BrokenRule(description: "work without end")
        }
    }

    private mutating func work(steps: Int) throws(BrokenRule) {
        for _ in 0..<steps {
            switch worker.step() {
            case .output(let output):
                session.receive(output)
                try takeActions()
            case .working: break
            case .idle: return
            }
        }
    }

    private mutating func takeActions() throws(BrokenRule) {
        while let action = session.pollAction() {
            switch action {
            case .work(let command):
                switch command {
                case .request(let request):
                    try demand(
                        isGranted || request.file == .listing, "a file is read before a claim")
                    nextObject = request.firstObject.rawValue + request.count
                case .hashes(let request):
                    try demand(isGranted, "a file is hashed before a claim")
                    nextObject = request.object.rawValue + 1
                    hashObjects.insert(request.object)
                case .manifest: try demand(isGranted, "a manifest before a claim")
                case .listingAhead(let pieces):
                    try demand(pieces == 1 && ahead.isEmpty, "more of the listing unasked")
                }
                worker.enqueue(command)
            case .sendObject(let id, let buffer): try check(id, buffer)
            case .send(.zero(let first, let count)):
                for offset in 0..<count {
                    try note(ObjectID(first.rawValue + offset))
                }
            case .send(.listing(let bytes)):
                ahead += bytes
                let listing = source.listingBytes
                try demand(
                    ahead.count <= Hash256.byteCount + listing.count
                        && listing.starts(with: ahead.dropFirst(Hash256.byteCount)),
                    "something else than the listing unasked")
            case .send, .decideClaim, .report, .close, .closeWhenDelivered: break
            }
        }
    }

    private mutating func note(_ id: ObjectID) throws(BrokenRule) {
        try demand(id.rawValue < nextObject, "an object nobody asked for")
        try demand(answered.insert(id).inserted, "an object is answered twice")
    }

    private mutating func check(_ id: ObjectID, _ buffer: ObjectBuffer) throws(BrokenRule) {
        try note(id)
        guard !hashObjects.contains(id) else { return }
        try demand(buffer.count > Hash256.byteCount, "an object without a byte of content")
        let content = Array(buffer.bytes[Hash256.byteCount...])
        let isKnown =
            source.items.contains { $0.content.contains(content) }
            || source.listingBytes.contains(content)
        try demand(isKnown, "an object of bytes that no file holds")
    }

    static func seeds() -> [[UInt8]] {
        let claim = [Step.claim.rawValue, Step.decide.rawValue]
        let listing: [UInt8] = [Step.request.rawValue, 0, 0, 0]
        let work: [UInt8] = [Step.work.rawValue, 15]
        let all: [UInt8] = [Step.request.rawValue, 1, 0, 3] + work
        return [
            listing + work + claim + all + [Step.complete.rawValue],
            listing + claim + [Step.hashes.rawValue, 5, 0, 1] + work + all,
            claim + [Step.skip.rawValue, 1, 2] + all + [Step.complete.rawValue] + work,
            [Step.claim.rawValue, Step.refuse.rawValue] + listing + work,
            claim + [Step.request.rawValue, 200, 0, 0] + work,
            claim + [Step.hashes.rawValue, 5, 1, 200] + work,
            [Step.request.rawValue, 2, 0, 0] + work,
            seed { writer in
                for message in ControlMessage.samples {
                    writer.write(Step.message.rawValue)
                    writer.writeRun(message.encoded)
                }
            },
        ]
    }
}

extension [UInt8] {
    /// Whether `other` stands somewhere in this run.
    fileprivate func contains(_ other: [UInt8]) -> Bool {
        guard let first = other.first, count >= other.count else { return other.isEmpty }
        return (0...(count - other.count)).contains { start in
            self[start] == first && self[start..<(start + other.count)].elementsEqual(other)
        }
    }
}
