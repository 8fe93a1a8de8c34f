internal import SealiftBase
internal import SealiftContent
internal import SealiftPeople
internal import SealiftTransport

/// The message types of `docs/PROTOCOL.md` §7.1.
private enum MessageType: UInt8 {
    case offer = 0x01
    case refuse, claim, claimed, request, hashRequest, skip, zero, fileRoot, fileFailed, complete
    case confirm, witness, proposal, countersignature, listing
}

/// The longest listing, in bytes (`docs/PROTOCOL.md` §8.2).
private let maximumListingLength: UInt64 = 1 << 40

extension ControlMessage {
    /// The message with its length in front, ready for the control stream.
    public var encoded: [UInt8] {
        var body = ByteWriter(capacity: 64)
        switch self {
        case .offer(let offer):
            body.write(MessageType.offer.rawValue)
            body.write(offer.claim.rawValue)
            body.writeVariableLengthInteger(offer.listing.length)
            body.write(offer.listing.root)
            body.writeVariableLengthInteger(offer.totals.entries)
            body.writeVariableLengthInteger(offer.totals.files)
            body.writeVariableLengthInteger(offer.totals.bytes)
            body.writeVariableLengthInteger(offer.totals.dataBytes)
        case .refuse(let reason):
            body.write(MessageType.refuse.rawValue)
            body.write(reason.rawValue)
        case .claim:
            body.write(MessageType.claim.rawValue)
        case .claimed:
            body.write(MessageType.claimed.rawValue)
        case .request(let request):
            body.write(MessageType.request.rawValue)
            body.writeVariableLengthInteger(request.firstObject.rawValue)
            body.writeVariableLengthInteger(request.file.rawValue)
            body.writeVariableLengthInteger(request.piece.rawValue)
            body.writeVariableLengthInteger(request.count)
        case .hashRequest(let request):
            body.write(MessageType.hashRequest.rawValue)
            body.writeVariableLengthInteger(request.object.rawValue)
            body.writeVariableLengthInteger(request.file.rawValue)
            body.writeVariableLengthInteger(request.firstPiece.rawValue)
            body.writeVariableLengthInteger(request.count)
        case .skip(let first, let count):
            body.write(MessageType.skip.rawValue)
            body.writeVariableLengthInteger(first.rawValue)
            body.writeVariableLengthInteger(count)
        case .zero(let first, let count):
            body.write(MessageType.zero.rawValue)
            body.writeVariableLengthInteger(first.rawValue)
            body.writeVariableLengthInteger(count)
        case .fileRoot(let file, let root):
            body.write(MessageType.fileRoot.rawValue)
            body.writeVariableLengthInteger(file.rawValue)
            body.write(root)
        case .fileFailed(let file, let failure):
            body.write(MessageType.fileFailed.rawValue)
            body.writeVariableLengthInteger(file.rawValue)
            body.write(failure.rawValue)
        case .complete(let completion):
            body.write(MessageType.complete.rawValue)
            body.write(completion.root)
            body.writeVariableLengthInteger(completion.files)
            body.writeVariableLengthInteger(completion.bytes)
        case .confirm(let root):
            body.write(MessageType.confirm.rawValue)
            body.write(root)
        case .witness(let witness):
            body.write(MessageType.witness.rawValue)
            body.write(witness.encoded)
        case .proposal(let proposal):
            body.write(MessageType.proposal.rawValue)
            body.write(proposal.encoded)
        case .countersignature(let signature):
            body.write(MessageType.countersignature.rawValue)
            body.write(signature)
        case .listing(let bytes):
            body.write(MessageType.listing.rawValue)
            body.write(bytes)
        }
        var framed = ByteWriter(capacity: body.count + 2)
        framed.writeLengthPrefixed(body.bytes)
        return framed.bytes
    }

    /// Reads one message from its bytes, without the length in front.
    /// - Throws: ``TransferViolation/malformedMessage`` for an unknown type, a value out of its
    ///   bounds, or bytes missing or left over.
    public init(body: UnsafeRawBufferPointer) throws(TransferViolation) {
        var reader = ByteReader(body)
        do throws(ByteReader.Failure) {
            guard let message = try ControlMessage(from: &reader), reader.isAtEnd else {
                throw ByteReader.Failure.outOfBounds
            }
            self = message
        } catch {
            throw .malformedMessage
        }
    }

    private init?(from reader: inout ByteReader) throws(ByteReader.Failure) {
        guard let type = MessageType(rawValue: try reader.readUInt8()) else { return nil }
        switch type {
        case .offer:
            guard let offer = try Offer(from: &reader) else { return nil }
            self = .offer(offer)
        case .refuse:
            guard let reason = RefusalReason(rawValue: try reader.readUInt8()) else { return nil }
            self = .refuse(reason)
        case .claim:
            self = .claim
        case .claimed:
            self = .claimed
        case .request:
            self = .request(
                PieceRequest(
                    firstObject: ObjectID(rawValue: try reader.readVariableLengthInteger()),
                    file: FileIndex(try reader.readVariableLengthInteger()),
                    piece: PieceIndex(try reader.readVariableLengthInteger()),
                    count: try reader.readCount(atMost: PieceRequest.maximumCount)))
        case .hashRequest:
            self = .hashRequest(
                HashRequest(
                    object: ObjectID(rawValue: try reader.readVariableLengthInteger()),
                    file: FileIndex(try reader.readVariableLengthInteger()),
                    firstPiece: PieceIndex(try reader.readVariableLengthInteger()),
                    count: try reader.readCount(atMost: HashRequest.maximumCount)))
        case .skip:
            self = .skip(
                first: FileIndex(try reader.readVariableLengthInteger()),
                count: try reader.readCount(atMost: ListingTotals.maximumEntries))
        case .zero:
            self = .zero(
                first: ObjectID(rawValue: try reader.readVariableLengthInteger()),
                count: try reader.readCount(atMost: PieceRequest.maximumCount))
        case .fileRoot:
            self = .fileRoot(
                FileIndex(try reader.readVariableLengthInteger()), try reader.readHash())
        case .fileFailed:
            let file = FileIndex(try reader.readVariableLengthInteger())
            guard let failure = FileFailure(rawValue: try reader.readUInt8()) else { return nil }
            self = .fileFailed(file, failure)
        case .complete:
            self = .complete(
                Completion(
                    root: try reader.readHash(), files: try reader.readVariableLengthInteger(),
                    bytes: try reader.readVariableLengthInteger()))
        case .confirm:
            self = .confirm(try reader.readHash())
        case .witness:
            guard let witness = ReceiptWitness(encoded: Array(reader.readRemaining())) else {
                return nil
            }
            self = .witness(witness)
        case .proposal:
            guard let proposal = ReceiptProposal(encoded: Array(reader.readRemaining())) else {
                return nil
            }
            self = .proposal(proposal)
        case .countersignature:
            self = .countersignature(try reader.readArray(count: Receipt.signatureByteCount))
        case .listing:
            let bytes = Array(reader.readRemaining())
            guard !bytes.isEmpty else { return nil }
            self = .listing(bytes)
        }
    }
}

extension Offer {
    fileprivate init?(from reader: inout ByteReader) throws(ByteReader.Failure) {
        guard let claim = Claim(rawValue: try reader.readUInt8()) else { return nil }
        let length = try reader.readVariableLengthInteger(
            atMost: maximumListingLength)
        let root = try reader.readHash()
        let entries = try reader.readVariableLengthInteger(atMost: ListingTotals.maximumEntries)
        let files = try reader.readVariableLengthInteger(atMost: entries)
        let bytes = try reader.readVariableLengthInteger()
        let dataBytes = try reader.readVariableLengthInteger(atMost: bytes)
        self.init(
            claim: claim, listing: ContentID(length: length, root: root),
            totals: ListingTotals(
                entries: entries, files: files, bytes: bytes, dataBytes: dataBytes))
    }
}

extension ByteReader {
    /// Reads a count that is at least 1.
    fileprivate mutating func readCount(atMost bound: UInt64) throws(Failure) -> UInt64 {
        let count = try readVariableLengthInteger(atMost: bound)
        guard count > 0 else { throw .outOfBounds }
        return count
    }
}
