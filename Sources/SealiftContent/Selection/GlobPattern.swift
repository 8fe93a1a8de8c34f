/// A pattern for listed paths, in the manner of `.gitignore` (`docs/SCRIPTING.md` "Selecting").
///
/// - `*` stands for any bytes but `/`, `?` for one character but `/`, `[a-z]` and `[!a-z]` for one
///   character of a class, `\` for the next character as it is.
/// - `**` as a whole component stands for any number of components, none included at the front and
///   in the middle; at the end for everything inside.
/// - Without a `/`, or with one only at the end, the pattern fits a name in any folder; with one at the
///   front or in the middle, it begins at the top. A `/` at the end asks for a folder.
/// - A folder that fits takes all that lies in it.
///
/// Matching runs all ways through the pattern at once: its time is the product of the two lengths
/// whatever a peer writes into its paths. There is no backtracking that could blow up.
public struct GlobPattern: Hashable, Sendable {
    /// Why a text is no pattern.
    public enum Violation: Error, Hashable, Sendable {
        /// It is empty, or nothing but slashes.
        case empty
        /// It has more than ``maximumByteCount`` bytes.
        case tooLong
        /// It begins with `!`, which turns a pattern round elsewhere; here two lists do that.
        case negated
        /// A `[` without its `]`, or a class whose bounds are the wrong way round.
        case brokenClass
        /// A `\` at the end.
        case brokenEscape
        /// It is no UTF-8.
        case notUTF8
    }

    /// The most bytes of a pattern.
    public static let maximumByteCount = 4_096

    /// One step through a path.
    private enum Step: Hashable, Sendable {
        /// This character.
        case character(UInt32)
        /// One character but `/`.
        case anyOne
        /// One character of these ranges, or (negated) of none of them, never `/`.
        case oneOf([ClosedRange<UInt32>], isNegated: Bool)
        /// Any characters but `/`, or none.
        case anyRun
        /// Any components with their slashes, or none; stands only where a component begins.
        case anyComponents
        /// Everything, at least one character: `**` at the end.
        case everything
    }

    private static let slash = UInt32(UInt8(ascii: "/"))

    private let steps: [Step]
    private let asksForDirectory: Bool

    /// Reads a pattern.
    /// - Throws: ``Violation``.
    public init(_ bytes: some Collection<UInt8>) throws(Violation) {
        guard bytes.count <= Self.maximumByteCount else { throw .tooLong }
        guard let text = String(validating: Array(bytes), as: UTF8.self) else { throw .notUTF8 }
        var scalars = text.unicodeScalars.map(\.value)
        guard scalars.first != UInt32(UInt8(ascii: "!")) else { throw .negated }
        let endsInSlash = scalars.last == Self.slash && !Self.isEscaped(scalars.count - 1, scalars)
        if endsInSlash { scalars.removeLast() }
        let beginsWithSlash = scalars.first == Self.slash
        if beginsWithSlash { scalars.removeFirst() }
        guard scalars.contains(where: { $0 != Self.slash }) else { throw .empty }
        asksForDirectory = endsInSlash
        var steps: [Step] = []
        if !beginsWithSlash, !scalars.contains(Self.slash) { steps.append(.anyComponents) }
        var rest = scalars[...]
        while let first = rest.first {
            let atStart = rest.startIndex == 0 || scalars[rest.startIndex - 1] == Self.slash
            try Self.parse(first, &rest, atComponentStart: atStart, &steps)
        }
        self.steps = steps
    }

    private static func isEscaped(_ index: Int, _ scalars: [UInt32]) -> Bool {
        let before = scalars[..<index].reversed().prefix { $0 == UInt32(UInt8(ascii: "\\")) }
        return before.count % 2 == 1
    }

    private static func parse(
        _ first: UInt32, _ rest: inout ArraySlice<UInt32>, atComponentStart: Bool,
        _ steps: inout [Step]
    ) throws(Violation) {
        rest.removeFirst()
        switch Unicode.Scalar(first) {
        case "\\":
            guard let next = rest.popFirst() else { throw .brokenEscape }
            steps.append(.character(next))
        case "?":
            steps.append(.anyOne)
        case "[":
            steps.append(try parseClass(&rest))
        case "*":
            let star = UInt32(UInt8(ascii: "*"))
            let isDouble = rest.first == star
            while rest.first == star { rest.removeFirst() }
            if isDouble, atComponentStart, rest.isEmpty {
                steps.append(.everything)
            } else if isDouble, atComponentStart, rest.first == slash {
                rest.removeFirst()
                if steps.last != .anyComponents { steps.append(.anyComponents) }
            } else if steps.last != .anyRun {
                steps.append(.anyRun)
            }
        default:
            steps.append(.character(first))
        }
    }

    private static func parseClass(_ rest: inout ArraySlice<UInt32>) throws(Violation) -> Step {
        let (close, dash) = (UInt32(UInt8(ascii: "]")), UInt32(UInt8(ascii: "-")))
        var isNegated = false
        if let first = rest.first,
            first == UInt32(UInt8(ascii: "!")) || first == UInt32(UInt8(ascii: "^"))
        {
            isNegated = true
            rest.removeFirst()
        }
        var ranges: [ClosedRange<UInt32>] = []
        // A `]` right behind the opening is a member.
        while let next = rest.popFirst() {
            if next == close, !ranges.isEmpty { return .oneOf(ranges, isNegated: isNegated) }
            let lower = try member(next, &rest)
            guard rest.first == dash, let second = rest.dropFirst().first, second != close else {
                ranges.append(lower...lower)
                continue
            }
            rest.removeFirst(2)
            let upper = try member(second, &rest)
            guard lower <= upper else { throw .brokenClass }
            ranges.append(lower...upper)
        }
        throw .brokenClass
    }

    private static func member(
        _ scalar: UInt32, _ rest: inout ArraySlice<UInt32>
    ) throws(Violation) -> UInt32 {
        guard scalar == UInt32(UInt8(ascii: "\\")) else { return scalar }
        guard let next = rest.popFirst() else { throw .brokenEscape }
        return next
    }

    // MARK: Matching

    /// Whether the pattern fits `path` or a folder that it lies in.
    /// - Parameter isDirectory: whether what is at `path` is a directory; what it lies in always is.
    public func matches(_ path: EntryPath, isDirectory: Bool) -> Bool {
        var active = [Bool](repeating: false, count: steps.count + 1)
        var next = active
        active[0] = true
        spread(&active, atComponentStart: true)
        // A path is checked UTF-8, so every byte belongs to a character.
        for scalar in String(decoding: path.bytes, as: UTF8.self).unicodeScalars {
            if scalar.value == Self.slash, active[steps.count] { return true }
            for index in next.indices { next[index] = false }
            for index in steps.indices where active[index] {
                take(scalar.value, at: index, into: &next)
            }
            spread(&next, atComponentStart: scalar.value == Self.slash)
            swap(&active, &next)
        }
        return active[steps.count] && (isDirectory || !asksForDirectory)
    }

    /// Where one character leads from a place in the pattern.
    private func take(_ scalar: UInt32, at index: Int, into next: inout [Bool]) {
        let isSlash = scalar == Self.slash
        switch steps[index] {
        case .character(let expected):
            if scalar == expected { next[index + 1] = true }
        case .anyOne:
            if !isSlash { next[index + 1] = true }
        case .oneOf(let ranges, let isNegated):
            if !isSlash, ranges.contains(where: { $0.contains(scalar) }) != isNegated {
                next[index + 1] = true
            }
        case .anyRun:
            if !isSlash { next[index] = true }
        case .anyComponents:
            next[index] = true
        case .everything:
            next[index] = true
            next[index + 1] = true
        }
    }

    /// Goes on through the steps that need no character.
    private func spread(_ active: inout [Bool], atComponentStart: Bool) {
        for index in steps.indices where active[index] {
            switch steps[index] {
            case .anyRun: active[index + 1] = true
            case .anyComponents where atComponentStart: active[index + 1] = true
            default: break
            }
        }
    }
}
