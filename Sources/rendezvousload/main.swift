// Load for a rendezvous server, in two processes so that each one's memory can be read apart
// (`scripts/bench-rendezvous`):
//
//     rendezvousload serve            prints the server's address, runs until its input ends
//     rendezvousload drive ADDRESS CLIENTS ROUNDS     connects CLIENTS, lets each put ROUNDS boxes
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftRendezvous
import SealiftTraversal

/// A server whose limits on one address are out of the way: here all clients have one.
func serve() throws {
    var entropy = SealiftCrypto.SystemEntropy()
    let certificate = SelfSignedCertificate.generate(entropy: &entropy)
    var configuration = RendezvousServerConfiguration(
        listen: [.loopbackIPv4(port: 0)], security: .own(certificate))
    configuration.limits.clientsPerAddress = configuration.limits.clients
    let free = RendezvousLimits.Allowance(burst: 1e9, perSecond: 1e9)
    (configuration.limits.connecting, configuration.limits.putting) = (free, free)
    configuration.limits.boxes = 1 << 18
    configuration.limits.boxesPerMailbox = 64
    configuration.limits.boxLifetime = .seconds(2)
    // Entry work for the second half of twenty thousand would be the client's time, not the server's.
    configuration.limits.loadedBits = 0
    let server = try RendezvousServer(configuration)
    print(
        RendezvousAddress(
            host: "127.0.0.1", port: server.addresses[0].port, pin: certificate.keyPin))
    fflush(nil)
    while readLine() != nil {}
    server.stop()
}

func drive(_ address: RendezvousAddress, clients: Int, rounds: Int) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let tally = LoadTally()
    let context = try ClientPipeline.tlsContext(for: address)
    var running: [NIOLoopBound<LoadClient>] = []
    let begin = tally.now()
    // So many openings at a time as the server's backlog certainly takes.
    for first in stride(from: 0, to: clients, by: 128) {
        let wave = (first..<min(first + 128, clients)).map { index in
            let loop = group.next()
            let opened = loop.makePromise(of: Void.self)
            let made = loop.makePromise(of: NIOLoopBound<LoadClient>.self)
            ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let client = LoadClient(
                            index: index, count: clients, rounds: rounds, tally: tally)
                        made.succeed(NIOLoopBound(client, eventLoop: channel.eventLoop))
                        try ClientPipeline.configure(
                            channel, address, tls: context, handler: client, opened: opened)
                    }
                }
                .connect(host: address.host, port: Int(address.port))
                .cascadeFailure(to: opened)
            return (opened.futureResult, made.futureResult)
        }
        for (opened, made) in wave {
            try opened.wait()
            running.append(try made.wait())
        }
    }
    while tally.snapshot.ready < clients, tally.now() - begin < 120_000_000_000 { usleep(10_000) }
    let connected = tally.now()
    print("connected \(tally.snapshot.ready) of \(clients) in \(seconds(connected - begin)) s")
    fflush(nil)
    // The script reads the server's memory here.
    _ = readLine()
    let start = tally.now()
    let loop = group.next()
    for client in running { loop.execute { client.value.putNext() } }
    let expected = clients * rounds
    while tally.snapshot.received < expected, tally.now() - start < 60_000_000_000 {
        usleep(10_000)
    }
    let end = tally.now()
    let counts = tally.snapshot
    let delays = counts.delays.sorted()
    print(
        """
        boxes \(counts.received) of \(expected) in \(seconds(end - start)) s: \
        \(Int(Double(counts.received) * 1e9 / Double(max(1, end - start)))) a second, \
        lost \(expected - counts.received), repeated \(counts.repeated), \
        refused \(counts.refused), closed \(counts.closed)
        """)
    if !delays.isEmpty {
        print(
            "delay median \(seconds(delays[delays.count / 2])) s, "
                + "99th of 100 \(seconds(delays[delays.count * 99 / 100])) s")
    }
    try group.syncShutdownGracefully()
    guard counts.received == expected, counts.closed == 0 else { exit(1) }
}

func usage() {
    print("usage: rendezvousload serve | drive ADDRESS CLIENTS ROUNDS")
    exit(64)
}

func seconds(_ nanoseconds: Int64) -> String {
    let hundredths = nanoseconds / 10_000_000
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

let arguments = CommandLine.arguments
switch arguments.count {
case 2 where arguments[1] == "serve":
    try serve()
case 5 where arguments[1] == "drive":
    let numbers = arguments[3...].compactMap { Int($0) }
    if let address = RendezvousAddress(arguments[2]), numbers.count == 2,
        (1...20_000).contains(numbers[0]), (1...64).contains(numbers[1])
    {
        try drive(address, clients: numbers[0], rounds: numbers[1])
    } else {
        usage()
    }
default:
    usage()
}
