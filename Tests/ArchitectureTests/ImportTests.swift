import Testing

/// What each target may import: the arrows of `docs/ARCHITECTURE.md`, which only point down. It
/// repeats the dependencies that `Package.swift` declares, because the compiler lets a target import
/// a module it only reaches through another.
private let allowedImports: [String: Set<String>] = [
    // Pure values: no Foundation, no C library, no dispatch queues, no clock. CCacheHints is two hints to
    // the processor, inlined, which change no result.
    "CCacheHints": [],
    "SealiftBase": ["CCacheHints"],
    // The only one that sees cryptography. FoundationEssentials has the byte protocols that
    // swift-crypto takes; the C library's part is wiping memory; Synchronization guards
    // what the multi-buffer backend shares.
    "SealiftCrypto": [
        "SealiftBase", "Crypto", "CryptoExtras", "CIPSecMB", "CSodium", "FoundationEssentials",
        "Glibc", "Musl", "Synchronization",
    ],
    "SealiftContent": ["SealiftBase", "SealiftCrypto"],
    "SealiftTransport": ["SealiftBase", "SealiftCrypto", "DequeModule"],
    "SealiftTransfer": [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftPeople",
        "DequeModule",
    ],
    "SealiftTraversal": ["SealiftBase", "SealiftCrypto", "DequeModule"],
    "SealiftPeople": ["SealiftBase", "SealiftCrypto"],

    // The edge.
    "CSealiftSys": [],
    "CIPSecMB": [],
    "CSodium": [],
    "SealiftIO": ["SealiftBase", "CSealiftSys", "DequeModule", "Glibc", "Synchronization"],

    // The only one that knows of SQLite; GRDB takes and gives Foundation's Data.
    "SealiftStore": [
        "SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftIO", "GRDB", "Foundation",
        "Synchronization",
    ],

    // NIOTLS says when TLS to a relay stands; the WebSocket's upgrade says it for the server.
    "SealiftRendezvous": [
        "SealiftBase", "SealiftCrypto", "SealiftTraversal", "SealiftIO", "NIOCore", "NIOPosix",
        "NIOHTTP1", "NIOTLS", "NIOWebSocket", "NIOSSL", "Glibc", "Synchronization",
    ],

    // The product.
    "Sealift": [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftTransfer",
        "SealiftTraversal", "SealiftPeople", "SealiftIO", "SealiftStore", "SealiftRendezvous",
        "DequeModule", "Glibc", "Synchronization",
    ],
    "SealiftCLI": [
        "SealiftBase", "SealiftContent", "SealiftTransfer", "SealiftTraversal", "SealiftPeople",
        "SealiftIO", "SealiftRendezvous", "Sealift", "ArgumentParser", "Foundation", "Glibc",
        "Synchronization",
    ],
    "sealift": ["SealiftCLI"],

    // For tests and benchmarks only.
    "linkemulator": [],
    "CAllocationCounter": [],
    "partbench": [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftTestSupport",
        "CAllocationCounter", "Glibc",
    ],
    "rendezvousload": [
        "SealiftBase", "SealiftCrypto", "SealiftTraversal", "SealiftIO", "SealiftRendezvous",
        "NIOCore", "NIOPosix", "NIOSSL", "NIOWebSocket", "Glibc", "Synchronization",
    ],
    "homefill": [
        "SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftIO", "SealiftStore", "Glibc",
    ],
    "SealiftFuzzing": [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftTransfer",
        "SealiftTraversal", "SealiftPeople", "SealiftTestSupport",
    ],
    "fuzz": ["SealiftFuzzing", "Glibc"],
    "SealiftTestSupport": [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftTransfer",
        "Synchronization", "Foundation",
    ],
]

/// Targets that exist only where their system library is supported.
private let optionalTargets: Set<String> = ["CIPSecMB"]

/// What each test target may import besides what any test may: ``everyTest``.
private let allowedTestImports: [String: Set<String>] = [
    "ArchitectureTests": [],
    "SealiftBaseTests": ["SealiftBase"],
    "SealiftCryptoTests": ["SealiftBase", "SealiftCrypto", "Crypto"],
    "SealiftContentTests": ["SealiftBase", "SealiftCrypto", "SealiftContent"],
    "SealiftTransportTests": ["SealiftBase", "SealiftCrypto", "SealiftTransport"],
    "SealiftTransferTests": [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftPeople",
        "SealiftTransfer",
    ],
    "SealiftTraversalTests": ["SealiftBase", "SealiftCrypto", "SealiftTraversal"],
    "SealiftPeopleTests": ["SealiftBase", "SealiftCrypto", "SealiftPeople"],
    "SealiftRendezvousTests": [
        "SealiftBase", "SealiftCrypto", "SealiftIO", "SealiftTraversal", "SealiftRendezvous",
    ],
    "SealiftStoreTests": [
        "SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftIO", "SealiftStore", "GRDB",
    ],
    "SealiftIOTests": ["SealiftBase", "SealiftIO"],
    "SealiftTests": [
        "Sealift", "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
        "SealiftTransfer", "SealiftTraversal", "SealiftPeople", "SealiftIO", "SealiftStore",
        "SealiftRendezvous",
    ],
    "SealiftCLITests": [
        "SealiftCLI", "Sealift", "SealiftRendezvous", "SealiftPeople", "SealiftBase",
    ],
    "SealiftTestSupportTests": ["SealiftBase"],
    "FuzzTests": ["SealiftFuzzing", "SealiftBase"],
    "PeerTests": [],
    // Python scripts, which `PeerTests` runs.
    "Peers": [],
]

private let everyTest: Set<String> = [
    "Testing", "SealiftTestSupport", "Foundation", "Glibc", "Synchronization",
]

@Suite("Imports between targets")
struct ImportTests {
    @Test("of the sources are the allowed ones")
    func sources() throws {
        for file in try SourceTree.files(below: "Sources") {
            check(file, allowed: allowedImports[file.target])
        }
    }

    @Test("of the tests are the allowed ones")
    func tests() throws {
        for file in try SourceTree.files(below: "Tests") {
            check(file, allowed: allowedTestImports[file.target]?.union(everyTest))
        }
    }

    @Test("are stated for every target, and for no target that is gone")
    func completeness() throws {
        let sources = try SourceTree.targets(below: "Sources")
        #expect(sources.union(optionalTargets) == Set(allowedImports.keys))
        #expect(try SourceTree.targets(below: "Tests") == Set(allowedTestImports.keys))
    }

    @Test("point down only: the table has no cycle, and nothing below stands on tests")
    func acyclic() {
        var left = allowedImports
        while let ready = left.first(where: { $0.value.allSatisfy { left[$0] == nil } }) {
            left[ready.key] = nil
        }
        #expect(left.isEmpty, "these import each other: \(left.keys.sorted())")
        // A benchmark, and the fuzzers' entry points: no product contains them.
        let standOnTests = allowedImports.filter { $0.value.contains("SealiftTestSupport") }
        #expect(Set(standOnTests.keys).isSubset(of: ["partbench", "SealiftFuzzing"]))
        let fuzzed = allowedImports.filter { $0.value.contains("SealiftFuzzing") }
        #expect(Set(fuzzed.keys) == ["fuzz"])
    }

    @Test(
        "are recognised in every form",
        arguments: [
            ("import SealiftBase", "SealiftBase"),
            ("public import SealiftBase", "SealiftBase"),
            ("    internal import Glibc", "Glibc"),
            ("@testable import Sealift", "Sealift"),
            ("@preconcurrency public import Crypto // why", "Crypto"),
            ("import struct Foundation.URL", "Foundation"),
            ("import Foundation.NSURL", "Foundation"),
            ("// import Crypto", nil),
            ("let important = 1", nil),
            ("", nil),
        ] as [(String, String?)])
    func forms(line: String, module: String?) {
        #expect(importedModule(in: line) == module)
    }

    private func check(_ file: SourceTree.File, allowed: Set<String>?) {
        guard let allowed else {
            Issue.record("\(file.path): its target is not in the table of allowed imports")
            return
        }
        guard file.path.hasSuffix(".swift") else { return }
        for (index, line) in file.lines.enumerated() {
            guard let module = importedModule(in: line), !allowed.contains(module) else { continue }
            Issue.record("\(file.path):\(index + 1): \(file.target) may not import \(module)")
        }
    }
}
