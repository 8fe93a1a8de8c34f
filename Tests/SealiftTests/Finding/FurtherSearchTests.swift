import SealiftBase
import SealiftIO
import Testing

@testable import Sealift

@Suite("The search for a better way while a session stands")
struct FurtherSearchTests {
    private static let home = SocketAddress(bytes: [192, 168, 1, 2], port: 0)
    private static let cable = SocketAddress(bytes: [10, 0, 0, 2], port: 0)

    /// Lets time pass, and gives what was to be done at which second.
    private func run(
        _ search: inout FurtherSearch, seconds: ClosedRange<Int>, isRelayed: Bool,
        addresses: [SocketAddress?]
    ) -> [(second: Int, step: FurtherSearch.Step)] {
        var result: [(second: Int, step: FurtherSearch.Step)] = []
        for second in seconds {
            // What was done may make the next thing due at once.
            for _ in 0..<4 {
                let step = search.fire(
                    isRelayed: isRelayed, ownAddresses: { Set(addresses.compactMap { $0 }) },
                    now: .zero + .seconds(second))
                guard step != .nothing else { break }
                result.append((second, step))
            }
        }
        return result
    }

    @Test("asks nobody anything while the session is direct and the machine's addresses stay")
    func quiet() {
        var search = FurtherSearch(now: .zero)
        let steps = run(
            &search, seconds: 0...7_200, isRelayed: false, addresses: [Self.home, Self.cable])
        #expect(steps.isEmpty)
    }

    @Test("calls again and again, ever more rarely, while a relay is in between")
    func relayed() {
        var search = FurtherSearch(now: .zero)
        let steps = run(&search, seconds: 0...7_200, isRelayed: true, addresses: [Self.home])
        #expect(steps.allSatisfy { $0.step == .call })
        let seconds = steps.map(\.second)
        #expect(seconds.prefix(4) == [15, 45, 105, 225])
        let pauses = zip(seconds, seconds.dropFirst()).map { $1 - $0 }
        #expect(pauses.allSatisfy { $0 >= 30 })
        #expect(pauses.last == 300)
        #expect(seconds.count < 40)
        // On another way it begins anew.
        search.moved(now: .zero + .seconds(7_200))
        let next = run(&search, seconds: 7_201...7_220, isRelayed: true, addresses: [Self.home])
        #expect(next.map(\.second) == [7_215])
    }

    @Test("calls when the machine gets another address, once for each half minute")
    func newAddress() {
        var search = FurtherSearch(now: .zero)
        _ = run(&search, seconds: 0...9, isRelayed: false, addresses: [Self.home])
        let first = run(
            &search, seconds: 10...60, isRelayed: false, addresses: [Self.home, Self.cable])
        #expect(first.map(\.step) == [.networkChanged, .call])
        #expect(first.allSatisfy { $0.second <= 13 })
        // An address that goes makes nothing better; one that comes and goes all the time calls rarely.
        let gone = run(&search, seconds: 61...70, isRelayed: false, addresses: [Self.home])
        #expect(gone.isEmpty)
        var calls = 0
        for second in 71...370 {
            let isThere = second / 3 % 2 == 0
            calls += run(
                &search, seconds: second...second, isRelayed: false,
                addresses: [Self.home, isThere ? Self.cable : nil]
            ).count { $0.step == .call }
        }
        #expect((1...10).contains(calls), "\(calls) calls in five minutes")
    }
}
