public import SealiftBase
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore

/// A device of the user's own, as the chain tells of it.
public struct OwnDevice: Equatable, Sendable {
    /// How a device ended.
    public enum End: String, Equatable, Sendable {
        /// Its keys were exchanged for new ones.
        case rotated
        /// It was revoked, and no reason was said.
        case unstated
        /// It was given up or sold.
        case retired
        /// It is lost or stolen.
        case lost
    }

    /// Its fingerprint, and whether it is this machine.
    public var device: DeviceSummary
    /// What the user calls it; nil for nothing.
    public var name: String?
    /// When it was added, on the clock of the machine where that was done.
    public var added: WallTime
    /// How and when it ended; nil while it speaks for the identity.
    public var ended: (how: End, when: WallTime)?

    /// Whether both say the same.
    public static func == (left: OwnDevice, right: OwnDevice) -> Bool {
        left.device == right.device && left.name == right.name && left.added == right.added
            && left.ended?.how == right.ended?.how && left.ended?.when == right.ended?.when
    }
}

/// The user's devices of the present generation, oldest first. Needs no passphrase.
public func readDevices(home: [UInt8]?) throws(SealiftError) -> [OwnDevice] {
    let home = try StateHome(home)
    let identity = try home.requireIdentity()
    return OwnDevice.list(
        identity, own: try home.publicKeys().id, names: try home.deviceNames())
}

/// The names of the contacts that have not said yet that they know the devices as they are now, in order.
/// Those who are blocked or have to be paired again are not asked. Needs no passphrase.
public func readUnaware(home: [UInt8]?) throws(SealiftError) -> [String] {
    let home = try StateHome(home)
    let head = try home.requireIdentity().devices.head.position
    // Who is a contact at all saw the first entry of the generation in which it became one.
    let origin = ChainPosition(generation: head.generation, sequence: 0)
    do throws(StoreFailure) {
        let store = try Store(in: home.folder)
        let seen = try store.seenPositions()
        return try store.contactStandings()
            .filter { !$0.value.isBlocked && !$0.value.mustPairAgain }
            .filter { (seen[$0.key] ?? origin) < head }
            .map(\.value.name.text).sorted()
    } catch {
        throw SealiftError(log: error)
    }
}

extension StateHome {
    fileprivate func deviceNames() throws(SealiftError) -> [DeviceID: ContactName] {
        do throws(StoreFailure) { return try Store(in: folder).deviceNames() } catch {
            throw SealiftError(log: error)
        }
    }
}

/// Refuses, before anybody is asked for the words, to revoke what cannot be.
/// - Parameter prefix: how the device's fingerprint begins, in hexadecimal.
/// - Returns: the one device that is meant.
public func checkRevocation(
    of prefix: String, home: [UInt8]?
) throws(SealiftError) -> OwnDevice {
    let digits = prefix.lowercased()
    let devices = try readDevices(home: home).filter { $0.device.fingerprint.hasPrefix(digits) }
    let active = devices.filter(\.device.isActive)
    guard let device = active.first, !digits.isEmpty else {
        throw SealiftError(
            .deviceUnknown,
            devices.isEmpty ? "no device of yours begins so" : "this device has ended already",
            advice: "`sealift device list` shows them.")
    }
    guard active.count == 1 else {
        throw SealiftError(
            .deviceUnknown, "\(active.count) devices of yours begin so",
            advice: "Give more of the fingerprint; `sealift device list` shows them.")
    }
    guard !device.device.isThis else {
        throw SealiftError(
            .identityConflict, "this is the machine that you are at",
            advice: "Revoke it from another device of yours. Where there is none, `sealift "
                + "restore` on the next machine ends it.")
    }
    return device
}

/// Ends a device: no contact that has seen the new chain takes it any more. The root keys exist for the time
/// of this call.
/// - Parameter prefix: how the device's fingerprint begins, in hexadecimal.
/// - Returns: the device as it is now.
public func revokeDevice(
    _ prefix: String, reason: ChainEntry.RevocationReason, words: RecoveryWords, home: [UInt8]?,
    passphrase: PassphraseSource
) throws(SealiftError) -> OwnDevice {
    let revoked = try checkRevocation(of: prefix, home: home)
    let home = try StateHome(home, passphrase: passphrase)
    let identity = try home.requireIdentity()
    try words.demand(identity.id)
    let device = try home.device()
    guard
        let target = identity.devices.devices.keys.first(where: {
            $0.fingerprint.description == revoked.device.fingerprint
        })
    else { throw SealiftError.chainMoved }
    let chain: DeviceChain
    do throws(ChainError) {
        var author = try ChainAuthor(root: words.rootKey, continuing: identity.chain)
        try author.revoke(target, reason: reason, time: SystemWallClock.now())
        chain = author.chain
    } catch {
        throw SealiftError(ownChain: error)
    }
    do throws(StoreFailure) {
        let log = try AuditLog(Store(in: home.folder), of: device)
        guard
            try log.extend(
                to: chain, from: identity.devices.head, as: "device_revoked", device: target)
        else { throw StoreFailure.failed("") }
    } catch {
        throw error == .failed("") ? SealiftError.chainMoved : SealiftError(log: error)
    }
    let now = try home.requireIdentity()
    let found = OwnDevice.list(
        now, own: device.publicKeys.id, names: try home.deviceNames()
    ).first {
        $0.device.fingerprint == revoked.device.fingerprint
    }
    guard let found else { throw SealiftError.chainMoved }
    return found
}

extension OwnDevice {
    static func list(
        _ identity: OwnIdentity, own: DeviceID, names: [DeviceID: ContactName]
    ) -> [OwnDevice] {
        var times: [ChainPosition: WallTime] = [:]
        for entry in identity.chain.entries { times[entry.position] = entry.time }
        func time(_ position: ChainPosition) -> WallTime {
            times[position] ?? WallTime(secondsSince1970: 0)
        }
        return identity.devices.devices.values.sorted { $0.since < $1.since }.map { device in
            let how: End =
                switch device.reason {
                case nil: .rotated
                case .unstated: .unstated
                case .retired: .retired
                case .lost: .lost
                }
            return OwnDevice(
                device: DeviceSummary(
                    fingerprint: device.keys.id.fingerprint.description,
                    isThis: device.keys.id == own, isActive: device.ended == nil),
                name: names[device.keys.id]?.text, added: time(device.since),
                ended: device.ended.map { (how, time($0)) })
        }
    }
}

extension SealiftError {
    /// Another process changed the chain in between.
    static var chainMoved: SealiftError {
        SealiftError(
            .identityConflict, "your devices changed in the meantime",
            advice: "Nothing was changed. Run the same command again.")
    }

    /// One's own chain takes no such entry.
    init(ownChain error: ChainError) {
        switch error {
        case .tooLong:
            self.init(
                .identityConflict, "the list of your devices is full",
                advice: "`sealift restore` begins a new one.")
        case .tooManyDevices:
            self.init(
                .identityConflict,
                "an identity has at most \(DeviceChain.maximumDeviceCount) devices at a time",
                advice: "Revoke one first.")
        default:
            self.init(
                .internalFailure, "the chain of your devices takes no such entry",
                advice: "Nothing was changed.", cause: "\(error)")
        }
    }
}
