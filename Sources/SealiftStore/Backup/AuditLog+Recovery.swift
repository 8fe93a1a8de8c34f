public import SealiftCrypto
import SealiftIO
public import SealiftPeople

extension AuditLog {
    /// Brings an identity back on this machine: vault, device, chain, what the backup holds, and the log's
    /// entry, all of it or nothing.
    /// - Parameters:
    ///   - chain: the recovery, with this machine as its only device.
    ///   - backup: what to take over; nil for nothing.
    /// - Returns: false where there is an identity already; nothing changed then.
    public func recover(
        _ chain: DeviceChain, of identity: IdentityID, with device: DeviceKeyPair,
        _ protection: SecretVault.Protection, from backup: BackupDatabase?,
        cost: PassphraseBox.Cost = .standard
    ) throws(StoreFailure) -> Bool {
        guard let backup else {
            return try begin(
                chain, of: identity, with: device, protection, cost, as: Self.recoveredWord
            ) { _, _ in }
        }
        return try backup.attached(to: store) { () throws(StoreFailure) in
            try begin(
                chain, of: identity, with: device, protection, cost, as: Self.recoveredWord
            ) { _, database in try backup.takeOver(in: database, at: SystemWallClock.now()) }
        }
    }

    private static let recoveredWord = "identity_recovered"
}
