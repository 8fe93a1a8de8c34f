/// The name of a share, which its owner gives and its members see: under the rules of ``ContactName``, so
/// that it stands in commands (`alice/llm-v3`), on terminals and in logs.
///
/// Two shares of one owner never have names that look the same.
public struct ShareName: Hashable, Sendable, CustomStringConvertible {
    private let name: ContactName

    /// Takes `text` as a name.
    /// - Throws: ``ContactNameError``.
    public init(_ text: String) throws(ContactNameError) {
        name = try ContactName(text)
    }

    /// The name: 1 to 64 bytes of UTF-8.
    public var text: String { name.text }
    /// What it looks like.
    public var skeleton: NameSkeleton { name.skeleton }
    /// As ``text``.
    public var description: String { text }
}
