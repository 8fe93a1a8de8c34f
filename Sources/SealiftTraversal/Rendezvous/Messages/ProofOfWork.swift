import SealiftBase
import SealiftCrypto

/// Hashes that a server asks for before it does something that an attacker would ask for often: to enter
/// while the server is under load, and to claim a number.
///
/// A solution is a number for which SHA-256(`"sealift/1 work"` ‖ challenge ‖ u32 code number ‖
/// u64 solution) begins with so many zero bits; the code number is 0 to enter.
public struct ProofOfWork: Equatable, Sendable {
    /// The size of a challenge.
    static let challengeByteCount = 16
    /// More work than this (16 million hashes, some seconds) no client does: the server is hostile.
    static let maximumBits: UInt8 = 24

    /// 16 random bytes of this connection.
    let challenge: [UInt8]
    /// The work before anything is heard; 0 for none.
    public let entryBits: UInt8
    /// The work of each claim.
    public let claimBits: UInt8

    init(challenge: [UInt8], entryBits: UInt8, claimBits: UInt8) {
        self.challenge = challenge
        self.entryBits = entryBits
        self.claimBits = claimBits
    }

    /// What entering takes; nil where it is more than any client does. Takes time.
    public func solutionToEnter() -> UInt64? { solution(number: 0, bits: entryBits) }

    /// What claiming `number` takes; nil where it is more than any client does. Takes time.
    public func solutionToClaim(_ number: UInt32) -> UInt64? {
        solution(number: number, bits: claimBits)
    }

    /// Whether `solution` lets its sender in.
    func isEntry(_ solution: UInt64) -> Bool { isSolution(solution, number: 0, bits: entryBits) }

    /// Whether `solution` lets its sender claim `number`.
    func isClaim(_ solution: UInt64, number: UInt32) -> Bool {
        isSolution(solution, number: number, bits: claimBits)
    }

    private func solution(number: UInt32, bits: UInt8) -> UInt64? {
        guard bits <= Self.maximumBits else { return nil }
        // The chance that none is among so many is below 2^-90.
        return (0..<(UInt64(64) << UInt64(bits))).first {
            isSolution($0, number: number, bits: bits)
        }
    }

    private func isSolution(_ solution: UInt64, number: UInt32, bits: UInt8) -> Bool {
        guard bits > 0 else { return true }
        var writer = ByteWriter(capacity: 48)
        writer.write("sealift/1 work".utf8)
        writer.write(challenge)
        writer.write(number)
        writer.write(solution)
        var zeros = 0
        for byte in SHA256Digest.hash(writer.bytes).bytes {
            zeros += byte.leadingZeroBitCount
            if byte != 0 { break }
        }
        return zeros >= Int(bits)
    }
}
