import SealiftBase
import SealiftContent
import SealiftIO
import SealiftTransfer
import Synchronization

/// The listing that a receiver fetched, on disk: written by the disk thread, walked by it and by the
/// observer's thread when the user wants to see what is offered.
final class ListingSpool: Sendable {
    private let file: SpoolFile
    private let length = Atomic<UInt64>(0)

    init(in home: Home) throws(SystemError) {
        file = try SpoolFile(in: home.directory)
    }

    func prepare(length: UInt64) {
        self.length.store(length, ordering: .releasing)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageFailure) {
        try file.write(bytes, at: offset)
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageFailure) -> Int {
        try file.read(into: buffer, at: offset)
    }

    /// Calls `visit` with each entry in listing order until the answer is stop.
    func forEachEntry(_ visit: (OfferEntry) -> OfferSummary.Step) throws(SealiftError) {
        var walker = ListingWalker(length: length.load(ordering: .acquiring))
        do throws(ListingWalker.Failure) {
            while let (_, entry) = try walker.next(read: {
                (offset, buffer) throws(StorageFailure) in
                try file.read(into: buffer, at: offset)
            }) {
                if visit(OfferEntry(entry)) == .stop { return }
            }
        } catch {
            switch error {
            case .storage(let failure): throw SealiftError(failure, doing: .receive)
            case .listing(let violation):
                throw SealiftError(TransferViolation.listing(violation.description))
            }
        }
    }
}

extension OfferEntry {
    /// A listing's entry as the user sees it.
    init(_ entry: ListingEntry) {
        let kind: Kind =
            switch entry.kind {
            case .file(let file): .file(size: file.size, isExecutable: file.isExecutable)
            case .directory: .directory
            case .symbolicLink(let target): .symbolicLink(target: target.bytes)
            }
        self.init(path: entry.path.bytes, kind: kind)
    }
}
