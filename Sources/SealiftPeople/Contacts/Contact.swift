public import SealiftCrypto

/// Somebody this user added, and everything that is decided by who they are: a pinned identity, how far
/// it was checked, the devices that speak for it, and whether the user wants to hear of it.
///
/// A contact is mutual by construction: what makes one is the pair key born in a session between both.
public struct Contact: Sendable {
    /// How an identity came to be believed.
    public enum Evidence: UInt8, Hashable, Sendable, CaseIterable {
        /// A spoken code: the first session was theirs, or nobody's.
        case code = 1
        /// A file or QR code that came from their hands.
        case invitation = 2
        /// The sixty digits were compared.
        case safetyNumber = 3
    }

    /// How far the identity was checked.
    public enum Verification: Hashable, Sendable {
        /// It is pinned, and nobody has checked whose it is.
        case unverified
        /// It is who the user means.
        case verified(Evidence)
        /// It recovered into a new generation: its old devices are gone, and whether words or a thief
        /// did it only pairing again can tell.
        case mustPairAgain(generation: UInt64)
    }

    /// What a device of the contact gets.
    public enum Admission: Equatable, Sendable {
        /// It speaks for a contact that may be heard.
        case serve
        /// Nothing at all, as for a stranger. Why stays on this machine.
        case silence(SilenceReason)
    }

    /// Why a device hears nothing. Never told to it.
    public enum SilenceReason: Equatable, Sendable {
        /// The user blocked the contact.
        case blocked
        /// The chain does not know the device.
        case unknownDevice
        /// The device was revoked, rotated or recovered away.
        case endedDevice
        /// The contact recovered: nothing is served before both paired again.
        case mustPairAgain
    }

    /// Who they are, for good.
    public let identity: IdentityID
    /// What the user calls them.
    public private(set) var name: ContactName
    /// How far they were checked.
    public private(set) var verification: Verification
    /// Whether the user wants to hear nothing of them.
    public private(set) var isBlocked: Bool
    /// Their devices, as far as this machine knows.
    public private(set) var devices: ChainView

    /// A contact as it was born in a session or is read from the store.
    public init(
        name: ContactName, devices: ChainView, verification: Verification = .unverified,
        isBlocked: Bool = false
    ) {
        identity = devices.identity
        self.name = name
        self.devices = devices
        self.verification = verification
        self.isBlocked = isBlocked
    }

    /// Whether the identity is who the user means.
    public var isVerified: Bool {
        if case .verified = verification { true } else { false }
    }

    /// What `device` gets. The order matters to nobody outside: every refusal is the same silence.
    public func admission(of device: DeviceID) -> Admission {
        if isBlocked { return .silence(.blocked) }
        if case .mustPairAgain = verification { return .silence(.mustPairAgain) }
        guard devices.devices[device] != nil else { return .silence(.unknownDevice) }
        return devices.isActive(device) ? .serve : .silence(.endedDevice)
    }

    /// The number to compare with theirs.
    public func safetyNumber(with mine: IdentityID) -> SafetyNumber {
        SafetyNumber(mine, identity)
    }

    /// Compares the number that the user was read or typed.
    /// - Throws: ``ContactError/safetyNumberDiffers``: then somebody stands between, or a slip was made.
    ///   ``ContactError/mustPairAgain`` after a recovery. Nothing changes.
    public mutating func verify(
        safetyNumber text: String, with mine: IdentityID
    ) throws(ContactError) {
        if case .mustPairAgain = verification { throw .mustPairAgain }
        guard safetyNumber(with: mine).matches(text) else { throw .safetyNumberDiffers }
        verification = .verified(.safetyNumber)
    }

    /// Holds a session's proven identity to the pinned one: the check in front of everything else that a
    /// session with a contact does.
    /// - Throws: ``ContactError/identityChanged(pinned:offered:)``: a hard stop. There is no call that
    ///   exchanges a pinned identity; the user removes the contact and pairs anew, or does not.
    public func confirm(_ offered: IdentityID) throws(ContactError) {
        guard offered == identity else {
            throw .identityChanged(pinned: identity, offered: offered)
        }
    }

    /// Takes what a peer says of the contact's devices. After a recovery the contact must be paired
    /// again; what was verified before counts no more.
    /// - Throws: ``ContactError``; nothing has changed then.
    public mutating func take(_ chain: DeviceChain) throws(ContactError) -> ChainView.Change {
        do {
            let change = try devices.take(chain)
            if case .recovered = change {
                verification = .mustPairAgain(generation: devices.head.position.generation)
            }
            return change
        } catch ChainError.anotherIdentity(let pinned, let offered) {
            throw .identityChanged(pinned: pinned, offered: offered)
        } catch {
            throw .chain(error)
        }
    }

    /// Both paired anew, in a session of a device of the present generation.
    /// - Throws: ``ContactError/identityChanged(pinned:offered:)`` if it was somebody else;
    ///   ``ContactError/deviceNotTheirs`` if the device does not speak for them.
    public mutating func pairedAgain(
        as offered: IdentityID, device: DeviceID, by evidence: Evidence
    ) throws(ContactError) {
        try confirm(offered)
        guard devices.isActive(device) else { throw .deviceNotTheirs }
        verification = .verified(evidence)
    }

    /// Gives the contact another name. That no other contact's looks the same, the caller has asked
    /// ``NameSkeleton``.
    public mutating func rename(to name: ContactName) { self.name = name }

    /// Hears nothing more of them. They see what they would see of a machine that is off.
    public mutating func block() { isBlocked = true }

    /// Hears of them again.
    public mutating func unblock() { isBlocked = false }
}

/// Why something with a contact stops.
public enum ContactError: Error, Equatable, Sendable {
    /// Who is at the other end is not who was pinned.
    case identityChanged(pinned: IdentityID, offered: IdentityID)
    /// The digits are not those of this pair.
    case safetyNumberDiffers
    /// The contact recovered, and has to be paired by code first.
    case mustPairAgain
    /// The device does not speak for the contact.
    case deviceNotTheirs
    /// Their chain is refused.
    case chain(ChainError)

    /// What happened, what it may mean, and what to do: for people.
    public var explanation: String {
        switch self {
        case .identityChanged(let pinned, let offered):
            """
            This is not the contact you added. You pinned the identity \(pinned), and \(offered) \
            answered. A lost device, a new device or a reinstalled machine does not change an \
            identity: only somebody else, or new recovery words, do. Nothing was sent. Ask them over \
            another channel; if they really began anew, remove the contact and pair again.
            """
        case .safetyNumberDiffers:
            """
            The numbers differ. If nobody misread a digit, somebody stands between you and this \
            contact: remove it, and pair again by a code that you speak to each other.
            """
        case .mustPairAgain:
            """
            This contact recovered from their words, and all their devices before that have ended. \
            Make sure that it was them, and pair again by code.
            """
        case .deviceNotTheirs:
            "The device at the other end is not one that this contact's chain vouches for."
        case .chain(.fork), .chain(.brokenLink):
            """
            There are two histories of this contact's devices. Either they changed devices on two \
            machines at once, or somebody has their recovery words. Ask them; a recovery on their \
            side settles it.
            """
        case .chain(.rollback):
            """
            The other end shows an older list of this contact's devices than you have seen. The \
            newer one goes on to count.
            """
        case .chain:
            "What the other end shows as this contact's devices is not in order, and was refused."
        }
    }
}
