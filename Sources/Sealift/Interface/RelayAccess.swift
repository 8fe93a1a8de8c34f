import SealiftCrypto

/// The user's own relay, and what it takes to be let in there.
public struct RelayAccess: Equatable, Sendable {
    /// Where it is.
    public let server: TurnServer
    /// The password of ``TurnServer/username``.
    let password: SecretBytes

    /// Names a relay. The caller wipes, or never kept, its own copy of the password.
    public init(_ server: TurnServer, password: some Collection<UInt8>) {
        self.server = server
        self.password = SecretBytes(copying: password)
    }

    /// Whether both name one relay and one password.
    public static func == (left: RelayAccess, right: RelayAccess) -> Bool {
        left.server == right.server && left.password.constantTimeEquals(right.password)
    }
}

extension RelayAccess {
    /// - Throws: an error of usage where the policy cannot be kept: a stream leaves by whatever interface
    ///   the system chooses.
    func check(_ policy: NetworkPolicy) throws(SealiftError) {
        guard server.transport == .udp || (policy.interface == nil && policy.bind.isEmpty) else {
            throw SealiftError(
                .usage, "--interface and --bind hold for a relay by UDP only",
                advice: "Name the relay with ?transport=udp, or leave them out; --allow and --deny "
                    + "hold in any case.")
        }
    }
}
