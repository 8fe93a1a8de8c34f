import Glibc
import SealiftBase
import Testing

@testable import SealiftIO

@Suite("The system") struct SystemTests {
    @Test("has clocks that do not go back")
    func clocks() {
        var last = MonotonicClock.now()
        for _ in 0..<1_000 {
            let now = MonotonicClock.now()
            #expect(now >= last)
            last = now
        }
        #expect(BootClock.now().nanoseconds > 0)
        #expect(SystemWallClock.now() > WallTime(secondsSince1970: 1_600_000_000))
    }

    @Test("keeps its boot id")
    func bootID() throws {
        let id = try BootID.read()
        #expect(id.count == 16)
        #expect(try BootID.read() == id)
    }

    @Test("gives random bytes of any count")
    func entropy() throws {
        #expect(try SystemEntropy.bytes(0).isEmpty)
        #expect(try SystemEntropy.bytes(100_000).count == 100_000)
        #expect(try SystemEntropy.bytes(32) != SystemEntropy.bytes(32))
    }

    @Test("wipes")
    func wipe() {
        var secret: [UInt8] = [1, 2, 3]
        MemoryWipe.wipe(&secret)
        #expect(secret == [0, 0, 0])
    }

    @Test("explains its errors without repeating control characters")
    func errors() {
        let error = SystemError(code: ENOSPC, operation: "write", path: Array("a\u{1B}b".utf8))
        #expect(error.description == "write a\\x1bb: No space left on device")
        #expect(error.isOutOfSpace)
        #expect(SystemError(code: EDQUOT, operation: "write").isOutOfSpace)
    }
}
