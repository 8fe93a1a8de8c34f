public import SealiftBase
public import SealiftCrypto

/// What a session asks of a share, with who asks as the session proved it.
public struct AccessRequest: Hashable, Sendable {
    /// The share.
    public let share: ShareID
    /// Who asks.
    public let identity: IdentityID
    /// With which device.
    public let device: DeviceID
    /// What is asked.
    public let verb: Verb
    /// What it is about; nil where the verb is about the share itself.
    public let path: GrantedPath?
    /// How many bytes would move.
    public let byteCount: UInt64

    /// A request.
    public init(
        share: ShareID, identity: IdentityID, device: DeviceID, verb: Verb,
        path: GrantedPath? = nil, byteCount: UInt64 = 0
    ) {
        self.share = share
        self.identity = identity
        self.device = device
        self.verb = verb
        self.path = path
        self.byteCount = byteCount
    }
}

/// What the store found for a request.
public enum Lookup<Value: Sendable>: Sendable {
    /// This.
    case found(Value)
    /// That there is nothing.
    case absent
    /// Nothing, for it failed: the disk, the database, a record that cannot be read.
    case failed
}

/// The answer to a request. The one place where a share opens.
public enum AccessDecision: Hashable, Sendable {
    /// It may be done.
    case allowed
    /// It may not. The reason goes to the log; what the member sees is ``isVisible``.
    case denied(Denial)

    /// Why not.
    public enum Denial: UInt8, Hashable, Sendable, CaseIterable {
        /// A look-up failed, so nothing is known.
        case lookupFailed = 1
        /// Who asks is no contact, is blocked, or must pair again; or the device does not speak for them.
        case notAdmitted = 2
        /// The contact was never verified, and asks for more than a viewer may.
        case notVerified = 3
        /// There is no grant for them in that share.
        case noGrant = 4
        /// The grant has ended.
        case expired = 5
        /// The role does not allow it.
        case role = 6
        /// The path is not in the part that was granted, or a path is missing.
        case path = 7
        /// A second person has not agreed yet.
        case approvalAwaited = 8
        /// The bytes would pass the quota.
        case quota = 9

        /// The word for it in the log.
        public var word: String {
            switch self {
            case .lookupFailed: "lookup_failed"
            case .notAdmitted: "not_admitted"
            case .notVerified: "not_verified"
            case .noGrant: "no_grant"
            case .expired: "expired"
            case .role: "role"
            case .path: "path"
            case .approvalAwaited: "approval_awaited"
            case .quota: "quota"
            }
        }
    }

    /// Whether the asker may learn that there is something to be denied. Where not, the answer is that
    /// of a share that does not exist.
    public var isVisible: Bool {
        switch self {
        case .allowed, .denied(.role), .denied(.approvalAwaited), .denied(.quota),
            .denied(.notVerified):
            true
        case .denied(.lookupFailed), .denied(.notAdmitted), .denied(.noGrant), .denied(.expired),
            .denied(.path):
            false
        }
    }

    /// Judges a request. Every way through it that is not the last line denies.
    ///
    /// - Parameters:
    ///   - contact: the contact of the request's identity.
    ///   - grant: the grant of that identity in that share.
    ///   - movedBytes: what the member moved there until now.
    ///   - time: what ``ClockFloor`` says.
    public static func judge(
        _ request: AccessRequest, contact: Lookup<Contact>, grant: Lookup<Grant>,
        movedBytes: Lookup<UInt64>, time: WallTime
    ) -> AccessDecision {
        guard case .found(let contact) = contact else {
            if case .failed = contact { return .denied(.lookupFailed) }
            return .denied(.notAdmitted)
        }
        guard contact.identity == request.identity,
            contact.admission(of: request.device) == .serve
        else { return .denied(.notAdmitted) }
        guard case .found(let grant) = grant else {
            if case .failed = grant { return .denied(.lookupFailed) }
            return .denied(.noGrant)
        }
        // A store that answers with another row than was asked for opens nothing.
        guard grant.share == request.share, grant.member == request.identity else {
            return .denied(.noGrant)
        }
        // The owner's own devices do not ask over the wire; a grant cannot make a second owner.
        guard grant.role < .owner else { return .denied(.role) }
        if let expires = grant.expires, time >= expires { return .denied(.expired) }
        guard grant.role.allows(request.verb) else { return .denied(.role) }
        guard contact.isVerified || Role.viewer.allows(request.verb) || request.verb == .leave
        else { return .denied(.notVerified) }
        if let denial = denial(of: request, in: grant, movedBytes: movedBytes) {
            return .denied(denial)
        }
        return .allowed
    }

    /// What is about content: paths, approval, quota.
    private static func denial(
        of request: AccessRequest, in grant: Grant, movedBytes: Lookup<UInt64>
    ) -> Denial? {
        switch request.verb {
        case .browse:
            // Without a path: that the share exists, and the granted paths by themselves.
            return request.path.map { grant.paths.contains($0) } ?? true ? nil : .path
        case .download, .upload:
            guard let path = request.path, grant.paths.contains(path) else { return .path }
            if grant.approval == .awaited { return .approvalAwaited }
            guard let quota = grant.quota else { return nil }
            guard case .found(let moved) = movedBytes else { return .lookupFailed }
            let (total, overflow) = moved.addingReportingOverflow(request.byteCount)
            return overflow || total > quota ? .quota : nil
        case .listMembers, .addMember, .changeRole, .removeMember:
            // Who waits for a yes himself governs nobody.
            return grant.approval == .awaited ? .approvalAwaited : nil
        case .leave, .changeShare, .removeShare:
            return nil
        }
    }
}
