/// Puts the fragments of one handshake message together.
///
/// Only authentic fragments are given to it. The first copy of a fragment counts; its memory is
/// fixed from the start.
struct FragmentAssembly: Sendable {
    private let message: HandshakeMessage
    private var bytes: [UInt8]
    /// Bit i is set when fragment i came.
    private var present: UInt8 = 0

    init(_ message: HandshakeMessage) {
        self.message = message
        bytes = [UInt8](repeating: 0, count: message.size)
    }

    /// Takes a fragment; a repeated one changes nothing.
    mutating func insert(_ fragment: UnsafeRawBufferPointer, at index: Int) {
        guard index >= 0, index < message.fragmentCount, fragment.count == message.fragmentSize,
            present & 1 << index == 0
        else { return }
        present |= 1 << index
        bytes.withUnsafeMutableBytes { target in
            let start = index * fragment.count
            UnsafeMutableRawBufferPointer(rebasing: target[start..<(start + fragment.count)])
                .copyMemory(from: fragment)
        }
    }

    /// The message once all of its fragments came.
    var complete: [UInt8]? {
        present == UInt8(1 << message.fragmentCount) - 1 ? bytes : nil
    }
}
