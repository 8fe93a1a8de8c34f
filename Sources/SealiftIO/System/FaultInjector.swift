import Glibc
import Synchronization

/// Makes chosen system calls fail with chosen errors, so that tests can play a full disk, a quota,
/// a dying device or a network that refuses.
///
/// It is attached to one object, a ``DirectoryHandle`` or a ``DatagramSocket``, and goes on from
/// there to everything opened beneath; nothing global is switched. Only code of this package can
/// attach one, and only tests do. In the product the field is nil: one check of a pointer before a
/// system call, which is not measurable beside the call. A protocol with a second, failing
/// implementation was the other choice; it would have put a witness table between the product and
/// its files, and the failing copy would have drifted away from the real one.
package final class FaultInjector: Sendable {
    /// A system call that can be made to fail.
    package enum Operation: Hashable, Sendable {
        case createFile, createDirectory, read, write, reserve, setSize, sync, rename
        /// A send of one datagram, or of several without segmentation.
        case sendPlain
        /// A send of a train of datagrams that the kernel cuts.
        case sendSegmented
    }

    private struct Rule {
        let code: Int32
        /// Bytes, or calls for operations without bytes, that still succeed.
        var credit: Int
        /// Failures left before the rule is spent.
        var failures: Int
    }

    private let rules = Mutex<[Operation: Rule]>([:])

    /// Where changes to files are recorded, or nil.
    package let tape: OperationTape?

    /// Makes an injector without rules: every call succeeds.
    package init(tape: OperationTape? = nil) {
        self.tape = tape
    }

    /// Lets `operation` fail with `code` after `credit` bytes (of reads, writes, reservations and
    /// sends) or calls (of the others) have succeeded, `times` times; it replaces the rule before.
    package func fail(
        _ operation: Operation, with code: Int32, after credit: Int = 0, times: Int = .max
    ) {
        rules.withLock { $0[operation] = Rule(code: code, credit: credit, failures: times) }
    }

    /// Lets `operation` succeed again.
    package func heal(_ operation: Operation) {
        rules.withLock { _ = $0.removeValue(forKey: operation) }
    }

    /// The error to return in place of the call, or 0 to go on.
    func verdict(on operation: Operation, cost: Int = 1) -> Int32 {
        rules.withLock { rules in
            guard var rule = rules[operation], rule.failures > 0 else { return 0 }
            defer { rules[operation] = rule }
            if rule.credit >= cost {
                rule.credit -= cost
                return 0
            }
            rule.credit = 0
            if rule.failures != .max { rule.failures -= 1 }
            return rule.code
        }
    }

    /// Throws in place of the call where a rule says so.
    func check(
        _ operation: Operation, cost: Int = 1, path: [UInt8]? = nil
    ) throws(SystemError) {
        let code = verdict(on: operation, cost: cost)
        guard code != 0 else { return }
        _ = try checked(-code, "injected fault", path)
    }
}
