public import SealiftBase
import SealiftIO
import SealiftPeople
import SealiftStore

/// A yes that the user wrote beforehand.
public struct RuleSummary: Equatable, Sendable {
    /// By which it is removed.
    public var number: Int64
    /// Of whom it takes.
    public var from: PersonSummary
    /// Where to.
    public var destination: String
    /// The largest offer, in bytes.
    public var maximumByteCount: UInt64
    /// The most bytes in all; nil for any number.
    public var quota: UInt64?
    /// The bytes that it took until now.
    public var acceptedBytes: UInt64
    /// When it ends; nil for no end.
    public var expires: WallTime?
    /// Whether it has ended.
    public var isOver: Bool
    /// Whether what it takes is held in quarantine until the user released it.
    public var quarantines = false
}

/// A rule that is to be written.
public struct NewRule: Equatable, Sendable {
    /// The contact's name.
    public var from: String
    /// The folder, as bytes.
    public var into: [UInt8]
    /// The largest offer, in bytes; at least 1.
    public var maximumByteCount: UInt64
    /// The most bytes in all; nil for any number.
    public var quota: UInt64?
    /// How long it holds; nil for no end.
    public var expires: Duration?
    /// Whether what it takes is held in quarantine until the user released it.
    public var quarantines: Bool

    /// A rule.
    public init(
        from: String, into: [UInt8], maximumByteCount: UInt64, quota: UInt64? = nil,
        expires: Duration? = nil, quarantines: Bool = false
    ) {
        self.from = from
        self.into = into
        self.maximumByteCount = maximumByteCount
        self.quota = quota
        self.expires = expires
        self.quarantines = quarantines
    }
}

/// Every rule, in the order in which the first that fits decides. Needs no passphrase.
public func readRules(home: [UInt8]?) throws(SealiftError) -> [RuleSummary] {
    let home = try StateHome(home)
    _ = try home.requireIdentity()
    let standings = try home.standings()
    let time = try home.judgedTime()
    switch try home.store().rules() {
    case .found(let rules):
        return rules.map { RuleSummary($0, standings[$0.rule.from], time: time) }
    case .absent: return []
    case .failed: throw SealiftError(log: .damaged("a rule cannot be read"))
    }
}

/// Writes a rule: offers of that contact, up to that size, go to that folder without a question.
public func addRule(
    _ new: NewRule, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> RuleSummary {
    let home = try StateHome(home, passphrase: passphrase)
    _ = try home.requireIdentity()
    let contact = try home.contact(named: new.from)
    guard contact.standing.isVerified else { throw SealiftError(rule: .notVerified, of: new.from) }
    let folder = try home.ruleFolder(new.into)
    let rule = AcceptanceRule(
        from: contact.identity, destination: folder, maximumByteCount: new.maximumByteCount,
        quota: new.quota, expires: try home.end(after: new.expires),
        quarantines: new.quarantines)
    guard let rule else {
        throw SealiftError(
            .usage, "a rule takes at least one byte", advice: "Give a size such as --max-size 20GB."
        )
    }
    let log = try home.log()
    let outcome: Result<StoredRule, RuleRefusal> = try storing { () throws(StoreFailure) in
        try log.addRule(rule)
    }
    return try home.summary(of: outcome, contact: new.from)
}

/// Takes a rule back.
/// - Returns: the rule as it was.
public func removeRule(
    _ number: Int64, home: [UInt8]?, passphrase: PassphraseSource
) throws(SealiftError) -> RuleSummary {
    let home = try StateHome(home, passphrase: passphrase)
    _ = try home.requireIdentity()
    // Before anybody is asked for a passphrase.
    if case .found(let rules) = try home.store().rules(),
        !rules.contains(where: { $0.number == number })
    {
        throw SealiftError(rule: .unknown, of: "")
    }
    let log = try home.log()
    let outcome: Result<StoredRule, RuleRefusal> = try storing { () throws(StoreFailure) in
        try log.removeRule(number)
    }
    return try home.summary(of: outcome, contact: "")
}

extension StateHome {
    fileprivate func summary(
        of outcome: Result<StoredRule, RuleRefusal>, contact: String
    ) throws(SealiftError) -> RuleSummary {
        switch outcome {
        case .success(let rule):
            return RuleSummary(rule, try standings()[rule.rule.from], time: try judgedTime())
        case .failure(let refusal): throw SealiftError(rule: refusal, of: contact)
        }
    }

    /// A folder that others' files may land in unasked: one that is there, and neither the user's home
    /// folder, nor above it, nor sealift's own. What is not overwritten there could still be new: a file
    /// that a shell or a desktop runs at the next login.
    fileprivate func ruleFolder(_ path: [UInt8]) throws(SealiftError) -> String {
        let canonical: [UInt8]
        do throws(SystemError) {
            canonical = try ScanRoot.canonicalPath(of: path)
            _ = try DirectoryHandle.open(path: canonical)
        } catch {
            throw SealiftError(
                error.isMissing ? .sourceNotFound : .sourceUnreadable,
                "\(PrintableText.escape(path)) cannot be used as a folder",
                advice: "Make the folder first, and check that you may write to it.",
                cause: error.reason)
        }
        let refusal = SealiftError(
            .usage, "nothing of others goes unasked to \(PrintableText.escape(canonical))",
            advice: "Make a folder of its own for it, below your home folder or elsewhere.")
        try demandApart(canonical, refusal)
        if let user = Self.userFolder(), Self.isWithin(user, canonical) { throw refusal }
        guard let text = String(validating: canonical, as: UTF8.self) else {
            throw SealiftError(
                .usage, "the path \(PrintableText.escape(canonical)) is no UTF-8",
                advice: "Name a folder whose path is.")
        }
        return text
    }
}

extension RuleSummary {
    fileprivate init(_ rule: StoredRule, _ standing: ContactStanding?, time: WallTime) {
        self.init(
            number: rule.number, from: PersonSummary(rule.rule.from, standing),
            destination: rule.rule.destination, maximumByteCount: rule.rule.maximumByteCount,
            quota: rule.rule.quota, acceptedBytes: rule.accepted, expires: rule.rule.expires,
            isOver: rule.rule.expires.map { time >= $0 } ?? false,
            quarantines: rule.rule.quarantines)
    }
}

extension SealiftError {
    /// Why a change of rules was refused.
    fileprivate init(rule refusal: RuleRefusal, of contact: String) {
        let name = PrintableText.escape(contact)
        switch refusal {
        case .unknown:
            self.init(
                .ruleUnknown, "no rule has this number", advice: "`sealift rule list` shows them.")
        case .full:
            self.init(
                .limitReached, "there are \(StoredRule.maximumCount) rules already",
                advice: "Remove some first.")
        case .unknownContact: self.init(unknownContact: contact)
        case .notVerified:
            self.init(
                .notVerified, "\(name) is not verified, and no rule takes anything of theirs",
                advice: "Compare the safety number first: `sealift contact verify \(name)`.")
        case .destination:
            self.init(
                .usage, "the folder's path is too long", advice: "Choose a folder above it.")
        }
    }
}
