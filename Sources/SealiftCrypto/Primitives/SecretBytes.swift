#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Key material: memory of its own that is overwritten when the last owner lets go of it.
///
/// It never prints what it holds, and compares in constant time. It is not `Equatable` or `Hashable`
/// on purpose: neither a collection nor a test macro can then show or time it. Copies of the
/// reference share the one memory, so there is one place to wipe.
public final class SecretBytes: @unchecked Sendable {
    // @unchecked Sendable: the memory is written only during init and in deinit, when no one else
    // holds the object; between the two it is only read.
    private let memory: UnsafeMutableRawBufferPointer

    /// How many bytes are held. Not secret.
    public var count: Int { memory.count }

    /// Allocates `count` bytes and lets `fill` write them; they are zero before.
    public init(count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) -> Void) {
        memory = .allocate(byteCount: count, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        fill(memory)
    }

    /// Copies `bytes`. The caller wipes, or never kept, its own copy.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Copies `bytes`. The caller wipes, or never kept, its own copy.
    public convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Takes `count` bytes from `entropy`.
    public convenience init(count: Int, entropy: inout some EntropySource) {
        self.init(count: count) { entropy.fill($0) }
    }

    deinit {
        wipe(memory)
        memory.deallocate()
    }

    /// Lends the bytes for the time of `body`, which must not let them escape.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }

    /// Whether both hold the same bytes. The time taken depends on the lengths only.
    public func constantTimeEquals(_ other: SecretBytes) -> Bool {
        SealiftCrypto.constantTimeEquals(
            UnsafeRawBufferPointer(memory), UnsafeRawBufferPointer(other.memory))
    }

    /// The bytes of `range`, as a secret of their own.
    /// - Precondition: `range` lies within `0..<count`.
    func slice(_ range: Range<Int>) -> SecretBytes {
        SecretBytes(copying: UnsafeRawBufferPointer(rebasing: memory[range]))
    }

    /// This secret followed by `other`.
    func appending(_ other: SecretBytes) -> SecretBytes {
        SecretBytes(count: count + other.count) { target in
            UnsafeMutableRawBufferPointer(rebasing: target[..<count])
                .copyMemory(from: UnsafeRawBufferPointer(memory))
            UnsafeMutableRawBufferPointer(rebasing: target[count...])
                .copyMemory(from: UnsafeRawBufferPointer(other.memory))
        }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// No children: `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Overwrites `memory` with zeros in a way that the optimiser must not remove, though nobody reads
/// the memory again: what `explicit_bzero` exists for.
func wipe(_ memory: UnsafeMutableRawBufferPointer) {
    guard let base = memory.baseAddress, memory.count > 0 else { return }
    explicit_bzero(base, memory.count)
}

/// Whether two runs are equal. For equal lengths the time does not depend on where they differ, so
/// that nobody finds a tag byte by byte; the lengths themselves are public.
func constantTimeEquals(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<left.count { difference |= left[index] ^ right[index] }
    return difference == 0
}
