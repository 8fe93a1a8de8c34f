import Sealift
import SealiftBase
import SealiftPeople
import Testing

@testable import SealiftCLI

@Suite("Arguments")
struct ArgumentTests {
    @Test("keep every byte of a path", arguments: UInt64(0)..<500)
    func bytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = generator.bytes(Int.random(in: 0...40, using: &generator))
        #expect(ArgumentBytes.bytes(of: ArgumentBytes.text(of: bytes)) == bytes)
    }

    @Test("keep the scalars that stand for bytes, and plain text as it is")
    func scalars() {
        let text = "\u{10FF00}\u{10FF41}\u{10FFFF}é"
        #expect(
            ArgumentBytes.bytes(of: ArgumentBytes.text(of: Array(text.utf8))) == Array(text.utf8))
        #expect(ArgumentBytes.text(of: Array("é/🙂".utf8)) == "é/🙂")
    }

    @Test("read times with their unit only")
    func times() throws {
        let good: [(String, Int64)] = [
            ("1s", 1), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("1h30m", 5_400),
        ]
        for (text, seconds) in good {
            #expect(try DurationArgument(argument: text).seconds == seconds)
        }
        for text in [
            "", "0s", "5", "h", "1x", "-1s", "1.5h", "367d", "9223372036854775807d", "1h5",
        ] {
            #expect(throws: (any Error).self) { try DurationArgument(argument: text) }
        }
    }

    @Test("read rates in bits a second, with their unit only")
    func rates() throws {
        let good: [(String, UInt64)] = [
            ("10kbit", 10_000), ("800mbit", 800_000_000), ("2Gbit", 2_000_000_000),
            ("2.5gbit", 2_500_000_000), ("0.125gbit", 125_000_000), ("1000gbit", 1_000_000_000_000),
        ]
        for (text, bits) in good {
            #expect(try RateArgument(argument: text).bitsPerSecond == bits)
        }
        for text in [
            "", "100", "9kbit", "1001gbit", "mbit", "1.mbit", ".5mbit", "1.2345gbit", "-1mbit",
            "1e3mbit", "5mb", "5mbit/s", "99999999mbit", "1.2.3mbit", "१mbit",
        ] {
            #expect(throws: (any Error).self, "\(text)") { try RateArgument(argument: text) }
        }
    }

    @Test("choose one controller")
    func controllers() throws {
        func control(
            _ congestion: TrafficOptions.Controller?, background: Bool = false,
            lossTolerant: Bool = false
        ) throws -> TrafficPolicy.Control {
            TrafficOptions.control(
                background: background, lossTolerant: lossTolerant, congestion: congestion,
                rate: try RateArgument(argument: "1gbit"))
        }
        #expect(try control(nil) == .bbr)
        #expect(try control(.cubic) == .cubic)
        #expect(try control(.fixed) == .fixed(bitsPerSecond: 1_000_000_000))
        #expect(try control(nil, background: true) == .background)
        #expect(try control(.bbr, lossTolerant: true) == .lossTolerant)
    }

    @Test("read addresses and show them the same way")
    func addresses() {
        for text in ["192.0.2.7:4000", "0.0.0.0:0", "[::]:0", "[2001:db8::7]:65535"] {
            #expect(EndpointAddress(text)?.description == text)
        }
        for text in [
            "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3:4", "::1:5",
            "[::1]",
            "[1.2.3.4]:5", "localhost:5", "1.2.3.4:+5", "1.2.3.4\u{0}:5", "[]:1",
            "1.2.3.4:00000005",
        ] {
            #expect(EndpointAddress(text) == nil, "\(text)")
        }
    }

    @Test("land at their last component")
    func names() throws {
        func name(_ path: String) -> String? {
            SourceNames.lastComponent(of: Array(path.utf8)).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(name("a/b///") == "b")
        #expect(name("/etc/.") == "etc")
        #expect(name("/etc/..") == nil)
        #expect(name("/") == nil && name("///") == nil)
        #expect(throws: Never.self) { try SourceNames.check([Array("a/x".utf8), Array("y".utf8)]) }
        #expect(throws: SealiftError.self) {
            try SourceNames.check([Array("a/x".utf8), Array("x//".utf8)])
        }
    }
}

@Suite("Sizes and members on the command line")
struct SharingArgumentTests {
    @Test("a size is a number with its unit")
    func sizes() throws {
        let sizes: [(String, UInt64)] = [
            ("200GB", 200_000_000_000), ("1.5TB", 1_500_000_000_000), ("64MiB", 64 << 20),
            ("0.125KiB", 128), ("1b", 1), ("4PiB", 4 << 50), ("1.001kb", 1_001),
            ("4611686018427387903B", 1 << 62 - 1),
        ]
        for (text, bytes) in sizes {
            #expect(try SizeArgument(argument: text).bytes == bytes, "\(text)")
        }
        for text in [
            "", "200", "200G", "GB", "0GB", "0B", "-1GB", "1.5B", "1.GB", ".5GB", "1.2345GB",
            "99999999999999999999GB", "4611686018427387904B", "5000PB", "1,5GB", "1e3GB",
        ] {
            #expect(throws: (any Error).self, "\(text)") { try SizeArgument(argument: text) }
        }
    }

    @Test("a member is a contact and a role, and never the owner")
    func members() throws {
        #expect(try MemberArgument(argument: "bob").role == nil)
        #expect(try MemberArgument(argument: "bob smith:admin").role == .admin)
        #expect(try MemberArgument(argument: "bob smith:admin").contact == "bob smith")
        for text in ["", ":viewer", "bob:", "bob:owner", "bob:Viewer", "a:b:viewer"] {
            #expect(throws: (any Error).self, "\(text)") { try MemberArgument(argument: text) }
        }
    }
}
