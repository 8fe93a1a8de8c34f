internal import SealiftBase
internal import SealiftContent
internal import SealiftTransport

/// The beginning of the listing, which a sender gives right behind its offer where both ends can: a round
/// trip less, and the start of the congestion window's growth (`docs/PROTOCOL.md` §7.1).
struct ListingAhead {
    /// The most pieces that come unasked: 1 MiB of listing, some 35,000 files.
    static let mostPieces: UInt64 = 4
    /// Bytes in a message, at most.
    static let messageByteCount = 32_768

    /// How many pieces of a listing come unasked.
    static func pieceCount(of listing: ContentID) -> UInt64 {
        min(PieceGeometry.pieceCount(of: listing.length), mostPieces)
    }

    /// An object, cut into messages.
    static func messages(of object: ObjectBuffer) -> [ControlMessage] {
        stride(from: 0, to: object.count, by: messageByteCount).map { start in
            let end = min(start + messageByteCount, object.count)
            return .listing(Array(object.bytes[start..<end]))
        }
    }

    private let listing: ContentID
    private var piece: UInt64 = 0
    /// The object under way and how much of it is here; nil before its first byte.
    private var object: (buffer: ObjectBuffer, filled: Int)?

    /// Expects what comes unasked of `listing`.
    init(of listing: ContentID) {
        self.listing = listing
    }

    /// Takes the bytes of one message.
    /// - Returns: the pieces that are whole now, each as its object.
    /// - Throws: ``TransferViolation/unexpectedMessage`` for bytes behind the last piece.
    mutating func take(
        _ bytes: [UInt8]
    ) throws(TransferViolation) -> [(PieceIndex, ObjectBuffer)] {
        var whole: [(PieceIndex, ObjectBuffer)] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let index = PieceIndex(piece)
            guard piece < Self.pieceCount(of: listing),
                let length = PieceGeometry.pieceLength(index, of: listing.length)
            else { throw .unexpectedMessage }
            let (buffer, start) =
                object ?? (ObjectBuffer(count: Hash256.byteCount + length), 0)
            let part = rest.prefix(buffer.count - start)
            UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[start...]).copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            let filled = start + part.count
            if filled == buffer.count {
                whole.append((index, buffer))
                piece += 1
                object = nil
            } else {
                object = (buffer, filled)
            }
        }
        return whole
    }
}
