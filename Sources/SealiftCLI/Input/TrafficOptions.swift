internal import ArgumentParser
internal import Sealift

/// The options that say how much of the network a command takes.
struct TrafficOptions: ParsableArguments {
    /// The controllers that `--congestion` names.
    enum Controller: String, ExpressibleByArgument, CaseIterable {
        case bbr, cubic, fixed
    }

    @Option(
        help: ArgumentHelp(
            "Never send faster than this, in bits a second: 100kbit, 800mbit, 2.5gbit.",
            valueName: "rate"),
        transform: RateArgument.init(argument:))
    var rate: RateArgument?

    @Flag(help: "Leave the link to others: send only what they do not use (LEDBAT++).")
    var background = false

    @Option(
        help: ArgumentHelp(
            """
            What decides how fast to send (default: bbr). 'cubic' shares as most TCP does and \
            needs a path without loss; 'fixed' sends at --rate whatever is lost, for a link of \
            your own.
            """,
            valueName: "control"))
    var congestion: Controller?

    @Flag(
        help: """
            Take up to 10% loss for the nature of the path instead of slowing down: for radio and \
            satellite links. Not fair to others on a link that is merely full.
            """)
    var lossTolerant = false

    func validate() throws {
        if background, lossTolerant || congestion != nil {
            throw ValidationError(
                "--background is a controller of its own: leave out --congestion and --loss-tolerant"
            )
        }
        if lossTolerant, congestion ?? .bbr != .bbr {
            throw ValidationError("--loss-tolerant is a way of bbr: leave out --congestion")
        }
        if congestion == .fixed, rate == nil {
            throw ValidationError("--congestion fixed needs --rate: the rate to send at")
        }
    }

    /// What the options ask for.
    var policy: TrafficPolicy {
        TrafficPolicy(
            control: Self.control(
                background: background, lossTolerant: lossTolerant, congestion: congestion,
                rate: rate),
            maximumRate: rate?.bitsPerSecond)
    }

    /// The controller that valid options name.
    static func control(
        background: Bool, lossTolerant: Bool, congestion: Controller?, rate: RateArgument?
    ) -> TrafficPolicy.Control {
        if background { return .background }
        if lossTolerant { return .lossTolerant }
        switch congestion ?? .bbr {
        case .bbr: return .bbr
        case .cubic: return .cubic
        case .fixed: return .fixed(bitsPerSecond: rate?.bitsPerSecond ?? 0)
        }
    }
}

/// A rate as it stands on the command line: `100kbit`, `800mbit`, `2.5gbit` a second.
struct RateArgument: Equatable {
    let bitsPerSecond: UInt64

    /// 10 kbit/s keeps a session alive; 1 Tbit/s is more than a machine sends.
    private static let allowed: ClosedRange<UInt64> = 10_000...1_000_000_000_000

    /// A unit is always said, and it is bits: a bare 100 or a 100M could be bytes.
    /// - Throws: what a rate looks like.
    init(argument: String) throws {
        guard let bits = Self.bits(in: argument.lowercased()), Self.allowed.contains(bits) else {
            throw ValidationError(
                "a rate is 10kbit to 1000gbit a second, such as 100kbit, 800mbit or 2.5gbit")
        }
        bitsPerSecond = bits
    }

    private static func bits(in text: String) -> UInt64? {
        let units: [(String, UInt64)] = [
            ("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000),
        ]
        for (unit, factor) in units where text.hasSuffix(unit) {
            let parts = text.dropLast(unit.count).split(
                separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard let whole = number(parts[0], digits: 1...7) else { return nil }
            guard parts.count == 2 else { return whole * factor }
            guard let tenths = number(parts[1], digits: 1...3) else { return nil }
            return whole * factor + tenths * factor / [10, 100, 1000][parts[1].count - 1]
        }
        return nil
    }

    /// A number of so many digits and nothing else, so that no product overflows.
    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> UInt64? {
        guard digits.contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return UInt64(text)
    }
}
