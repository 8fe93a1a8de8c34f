import SealiftBase

/// The identifier of content that comes as a stream, in chunks of any size.
///
/// Holds at most one piece (256 KiB), and that only while chunks end inside pieces.
public struct ContentHasher: Sendable {
    private var accumulator = RootAccumulator()

    /// The bytes behind the last full piece; fewer than a piece.
    private var tail: [UInt8] = []

    /// Bytes taken so far.
    public private(set) var length: UInt64 = 0

    /// Makes a hasher of empty content.
    public init() {}

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        length += UInt64(bytes.count)
        var rest = bytes[...]
        if !tail.isEmpty {
            let taken = rest.prefix(PieceGeometry.pieceSize - tail.count)
            tail.append(contentsOf: taken)
            rest = rest.dropFirst(taken.count)
            hashFullTail()
        }
        while rest.count >= PieceGeometry.pieceSize {
            let piece = rest.prefix(PieceGeometry.pieceSize)
            appendFullPiece(UnsafeRawBufferPointer(rebasing: piece))
            rest = rest.dropFirst(piece.count)
        }
        tail.append(contentsOf: rest)
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            update(UnsafeRawBufferPointer($0))
        }
        if done == nil { Array(bytes).withUnsafeBytes { update($0) } }
    }

    /// Takes `count` zero bytes without touching each: a hole of a sparse file.
    public mutating func updateZeros(count: UInt64) {
        length += count
        var left = count
        if !tail.isEmpty {
            let room = UInt64(PieceGeometry.pieceSize - tail.count)
            let taken = min(room, left)
            tail.append(contentsOf: repeatElement(0, count: Int(taken)))
            left -= taken
            hashFullTail()
        }
        let pieces = PieceGeometry.fullPieceCount(of: left)
        accumulator.appendZeroPieces(count: pieces)
        left -= pieces * UInt64(PieceGeometry.pieceSize)
        tail.append(contentsOf: repeatElement(0, count: Int(left)))
    }

    /// The identifier of all bytes taken. Changes nothing: more may follow.
    public func finalize() -> ContentID {
        var complete = accumulator
        if !tail.isEmpty {
            let isOnlyPiece = accumulator.pieceCount == 0
            complete.append(
                tail.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: isOnlyPiece) })
        }
        return ContentID(length: length, root: complete.finalize(length: length))
    }

    private mutating func hashFullTail() {
        guard tail.count == PieceGeometry.pieceSize else { return }
        // A full piece has one hash, whether others follow or not.
        accumulator.append(tail.withUnsafeBytes { PieceHasher.hash($0, isOnlyPiece: false) })
        tail.removeAll(keepingCapacity: true)
    }

    private mutating func appendFullPiece(_ piece: UnsafeRawBufferPointer) {
        accumulator.append(PieceHasher.hash(piece, isOnlyPiece: false))
    }
}

extension ContentID {
    /// The identifier of content that lies in memory whole.
    public init(of bytes: some Collection<UInt8>) {
        var hasher = ContentHasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }
}
