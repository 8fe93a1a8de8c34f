// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Every target is compiled in Swift 6 language mode with warnings as errors. The arrows between
// targets only point down; `Tests/ArchitectureTests` holds the table and reads every import.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOWebSocket", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

// Intel's IPsec multi-buffer library (Debian: libipsec-mb-dev) seals packets and hashes blocks faster
// where it exists; swift-crypto does both everywhere else. Linked statically: the binary needs no
// library that its machine may lack.
let hasMultiBuffer = FileManager.default.fileExists(atPath: "/usr/include/intel-ipsec-mb.h")
let multiBufferTargets: [Target] = hasMultiBuffer ? [.systemLibrary(name: "CIPSecMB")] : []
let multiBuffer: [Target.Dependency] = hasMultiBuffer ? ["CIPSecMB"] : []
let multiBufferLinking: [LinkerSetting] =
    hasMultiBuffer ? [.linkedLibrary(":libIPSec_MB.a", .when(platforms: [.linux]))] : []

// SQLite of the system (Debian: libsqlite3-dev), in the only target that knows of it.
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")

// ristretto255, the group of the password exchange behind spoken codes (Debian: libsodium-dev).
let sodium: [LinkerSetting] = [.linkedLibrary(":libsodium.a", .when(platforms: [.linux]))]

func library(
    _ name: String, _ dependencies: [Target.Dependency], linking: [LinkerSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, swiftSettings: settings, linkerSettings: linking)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
    -> Target
{
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let package = Package(
    name: "sealift",
    products: [
        .executable(name: "sealift", targets: ["sealift"]),
        .library(name: "Sealift", targets: ["Sealift"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Pure values: no I/O, no clock, no randomness of their own, no async.
        .target(
            name: "CCacheHints",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("extra")]),
        library("SealiftBase", ["CCacheHints"]),
        library(
            "SealiftCrypto", ["SealiftBase", "CSodium", crypto, cryptoExtras] + multiBuffer,
            linking: multiBufferLinking + sodium),
        library("SealiftContent", ["SealiftBase", "SealiftCrypto"]),
        library("SealiftTransport", ["SealiftBase", "SealiftCrypto", deque]),
        library(
            "SealiftTransfer",
            [
                "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftPeople", deque,
            ]),
        library("SealiftTraversal", ["SealiftBase", "SealiftCrypto", deque]),
        library("SealiftPeople", ["SealiftBase", "SealiftCrypto"]),
        .systemLibrary(name: "CSodium"),

        // The edge: system calls, files, sockets, threads.
        .target(name: "CSealiftSys"),
        library("SealiftIO", ["SealiftBase", "CSealiftSys", deque]),

        // What is remembered: one SQLite database, the audit log and secrets in it.
        library(
            "SealiftStore",
            ["SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftIO", grdb]),

        // The signaling server and its client: WebSocket over TLS, on SwiftNIO.
        library(
            "SealiftRendezvous",
            ["SealiftBase", "SealiftCrypto", "SealiftIO", "SealiftTraversal"] + nio),

        // The product.
        library(
            "Sealift",
            [
                "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftTransfer", "SealiftTraversal", "SealiftPeople", "SealiftIO", "SealiftStore",
                "SealiftRendezvous", deque,
            ]),
        library(
            "SealiftCLI",
            [
                "SealiftBase", "SealiftContent", "SealiftTransfer", "SealiftTraversal",
                "SealiftPeople", "SealiftIO", "SealiftRendezvous", "Sealift", argumentParser,
            ]),
        .executableTarget(name: "sealift", dependencies: ["SealiftCLI"], swiftSettings: settings),

        // Joins two network namespaces by a long, lossy link: for benchmarks, not a product.
        .executableTarget(
            name: "linkemulator", path: "Sources/linkemulator",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("extra")]),

        // Parts of the data path alone, with their allocations counted: for `make bench-parts`.
        .target(
            name: "CAllocationCounter",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("extra")]),
        .executableTarget(
            name: "partbench",
            dependencies: [
                "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftTestSupport", "CAllocationCounter",
            ],
            swiftSettings: settings),

        // Loads a rendezvous server with clients: for `make bench-rendezvous`, not a product.
        .executableTarget(
            name: "rendezvousload",
            dependencies: [
                "SealiftBase", "SealiftCrypto", "SealiftTraversal", "SealiftIO",
                "SealiftRendezvous",
            ] + nio,
            swiftSettings: settings),

        // Fills a home with contacts and shares: for `make bench-people`, not a product.
        .executableTarget(
            name: "homefill",
            dependencies: [
                "SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftIO", "SealiftStore",
            ],
            swiftSettings: settings),

        // Simulated network, virtual clock, vectors: for tests, not a product.
        library(
            "SealiftTestSupport",
            [
                "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftTransfer",
            ]),

        // The entry points of the fuzzers, which the tests run too. Not a product.
        library(
            "SealiftFuzzing",
            [
                "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftTransfer", "SealiftTraversal", "SealiftPeople", "SealiftTestSupport",
            ]),

        tests("SealiftBaseTests", ["SealiftBase", "SealiftTestSupport"]),
        tests(
            "SealiftCryptoTests",
            ["SealiftBase", "SealiftCrypto", "SealiftTestSupport", crypto],
            resources: [.copy("Vectors")]),
        tests(
            "SealiftContentTests",
            ["SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTestSupport"],
            resources: [.copy("Vectors")]),
        tests(
            "SealiftTransportTests",
            ["SealiftBase", "SealiftCrypto", "SealiftTransport", "SealiftTestSupport"]),
        tests(
            "SealiftTransferTests",
            [
                "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftPeople", "SealiftTransfer", "SealiftTestSupport",
            ]),
        tests(
            "SealiftTraversalTests",
            ["SealiftBase", "SealiftCrypto", "SealiftTraversal", "SealiftTestSupport"]),
        tests(
            "SealiftPeopleTests",
            ["SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftTestSupport"]),
        tests(
            "SealiftRendezvousTests",
            [
                "SealiftBase", "SealiftCrypto", "SealiftIO", "SealiftTraversal",
                "SealiftRendezvous",
            ]),
        tests(
            "SealiftStoreTests",
            ["SealiftBase", "SealiftCrypto", "SealiftPeople", "SealiftIO", "SealiftStore", grdb]),
        tests("SealiftIOTests", ["SealiftBase", "SealiftIO", "SealiftTestSupport"]),
        tests(
            "SealiftTests",
            [
                "Sealift", "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport",
                "SealiftTransfer", "SealiftTraversal", "SealiftPeople", "SealiftIO", "SealiftStore",
                "SealiftRendezvous", "SealiftTestSupport",
            ]),
        tests(
            "SealiftCLITests",
            [
                "SealiftCLI", "Sealift", "SealiftRendezvous", "SealiftPeople", "SealiftBase",
                "SealiftTestSupport", "sealift",
            ]),
        tests("FuzzTests", ["SealiftFuzzing", "SealiftBase"], resources: [.copy("Regressions")]),
        tests("SealiftTestSupportTests", ["SealiftBase", "SealiftTestSupport"]),
        tests("ArchitectureTests", []),
    ] + multiBufferTargets
)

// Independent peers in Python against the built program: five minutes, so only where they are asked
// for (`make test-peers`).
if Context.environment["SEALIFT_PEER_TESTS"] != nil {
    package.targets.append(tests("PeerTests", ["sealift"]))
}

// The fuzzer: only in a build with libFuzzer, in a scratch folder of its own (`make fuzz`). gold, the
// toolchain's linker, fails on instrumented objects.
if Context.environment["SEALIFT_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["SealiftFuzzing"], swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]))
}
