import Foundation
import SealiftBase
import SealiftCrypto
import SealiftPeople
import Synchronization

/// Contacts' chains whose signatures this process has checked: one of 4,096 entries, which is as long as a
/// contact likes, costs seconds each time, and a session or a running transfer looks again and again.
///
/// Kept by identity and the hash of the very bytes that stand in the database, so one that was changed there
/// is verified anew. Only what holds is kept: what is forgotten here costs time, and nothing else.
final class VerifiedChains: Sendable {
    /// A chain, and what it says.
    struct Verified: Sendable {
        let chain: DeviceChain
        let view: ChainView
    }

    /// As many as there may be contacts: to read all of them in turn finds each again.
    private static let maximumCount = ContactBook.maximumCount
    /// Room for four of the longest, or for all chains of the usual length. In memory they take a few times
    /// what they take on the disk.
    private static let maximumByteCount = 4 * DeviceChain.maximumByteCount

    fileprivate struct Key: Hashable {
        let identity: IdentityID
        let stored: Hash256
    }

    fileprivate struct Entry {
        let verified: Verified
        let byteCount: Int
        var lastUse: UInt64
    }

    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        var byteCount = 0
        /// Counts what was asked for: the order of use.
        var uses: UInt64 = 0
        var verificationCount = 0
    }

    private let maximumCount: Int
    private let maximumByteCount: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximumCount: how many chains are kept at most.
    ///   - maximumByteCount: how many bytes they have at most, as they are stored.
    init(
        maximumCount: Int = VerifiedChains.maximumCount,
        maximumByteCount: Int = VerifiedChains.maximumByteCount
    ) {
        self.maximumCount = maximumCount
        self.maximumByteCount = maximumByteCount
    }

    /// How many chains had their signatures checked so far: tests count them.
    var verificationCount: Int { state.withLock { $0.verificationCount } }

    /// The chain in `stored`, verified as one of `identity`.
    /// - Throws: ``StoreFailure/damaged(_:)`` for no chain, and `ChainError` for one that does not hold.
    func verified(_ stored: Data, of identity: IdentityID) throws -> Verified {
        let key = Key(identity: identity, stored: SHA256Digest.hash(stored))
        if let known = state.withLock({ $0.use(key) }) { return known }
        let chain = try StoredRow.demand(DeviceChain(stored: stored))
        state.withLock { $0.verificationCount += 1 }
        let verified = Verified(
            chain: chain, view: try ChainView(verifying: chain, of: identity))
        state.withLock {
            $0.keep(
                verified, as: key, stored.count, atMost: maximumCount, bytes: maximumByteCount)
        }
        return verified
    }
}

extension VerifiedChains.State {
    fileprivate mutating func use(_ key: VerifiedChains.Key) -> VerifiedChains.Verified? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key]?.verified
    }

    /// Keeps one more. Where there is no room, half of what there is room for goes, that used longest ago first.
    fileprivate mutating func keep(
        _ verified: VerifiedChains.Verified, as key: VerifiedChains.Key, _ size: Int,
        atMost maximumCount: Int, bytes maximumByteCount: Int
    ) {
        guard entries[key] == nil, size <= maximumByteCount else { return }
        if entries.count >= maximumCount || byteCount > maximumByteCount - size {
            for (old, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
                guard
                    entries.count > maximumCount / 2
                        || byteCount > min(maximumByteCount / 2, maximumByteCount - size)
                else { break }
                entries[old] = nil
                byteCount -= entry.byteCount
            }
        }
        uses += 1
        entries[key] = VerifiedChains.Entry(
            verified: verified, byteCount: size, lastUse: uses)
        byteCount += size
    }
}
