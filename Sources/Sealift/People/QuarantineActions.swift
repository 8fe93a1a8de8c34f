import SealiftBase
import SealiftIO
import SealiftPeople
import SealiftStore

/// Something that got a number on its way out of quarantine, because its name was taken.
public struct NumberedItem: Equatable, Sendable {
    /// The path that it would have had, inside the folder of the release. A peer's text: escape it.
    public var path: [UInt8]
    /// Its name there now, in the same folder.
    public var name: [UInt8]
}

/// Moves what a rule took into quarantine to where it goes.
/// - Parameters:
///   - prefix: how the offer's id begins.
///   - into: another folder than the rule's, on the same file system; nil for the rule's.
///   - onNumbered: told of every name that was taken, as it happens.
public func releaseOffer(
    _ prefix: String, into: [UInt8]?, home: [UInt8]?, passphrase: PassphraseSource,
    onNumbered: @escaping (NumberedItem) -> Void = { _ in }
) throws(SealiftError) -> InboxItem {
    let item = try readOffer(prefix, home: home)
    let home = try StateHome(home, passphrase: passphrase)
    var folder: [UInt8]?
    if let into { folder = try home.releaseFolder(into) }
    let offer = try home.storedOffer(item.id)
    let desk = QuarantineDesk(
        log: try home.log(), store: try home.store(), onNumbered: onNumbered)
    let released = try desk.release(offer, into: folder)
    return InboxItem(released, try home.standings()[released.incoming.offer.from])
}

/// Deletes what a rule took into quarantine. The offerer does not hear of it.
/// - Parameter prefix: how the offer's id begins.
public func discardOffer(
    _ prefix: String, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> InboxItem {
    let item = try readOffer(prefix, home: home)
    let home = try StateHome(home, passphrase: passphrase)
    let offer = try home.storedOffer(item.id)
    let desk = QuarantineDesk(log: try home.log(), store: try home.store())
    let discarded = try desk.discard(offer)
    return InboxItem(discarded, try home.standings()[discarded.incoming.offer.from])
}

extension StateHome {
    fileprivate func storedOffer(_ id: OfferID) throws(SealiftError) -> StoredOffer {
        guard case .found(let offer) = try store().offer(id) else {
            throw SealiftError(offer: .unknown)
        }
        return offer
    }

    /// A folder that is there, and neither sealift's own nor hidden in one that it stages in.
    fileprivate func releaseFolder(_ path: [UInt8]) throws(SealiftError) -> [UInt8] {
        let canonical: [UInt8]
        do throws(SystemError) { canonical = try ScanRoot.canonicalPath(of: path) } catch {
            throw SealiftError(
                error.isMissing ? .sourceNotFound : .sourceUnreadable,
                "\(PrintableText.escape(path)) cannot be used as a folder",
                advice: "Make the folder first, and check that you may write to it.",
                cause: error.reason)
        }
        let refusal = SealiftError(
            .usage, "nothing is released into \(PrintableText.escape(canonical))",
            advice: "Name a folder of your own.")
        try demandApart(canonical, refusal)
        let hidden = Array(".sealift".utf8)
        let components = canonical.split(separator: UInt8(ascii: "/"))
        guard !components.contains(where: { $0.elementsEqual(hidden) }) else { throw refusal }
        return canonical
    }
}
