import Testing

@testable import SealiftTransport

@Suite("Delivery rate samples")
struct DeliveryRateTests {
    private let millisecond: Int64 = 1_000_000

    /// Sends packets of 1,000 bytes at these milliseconds.
    private func send(_ times: [Int64], _ sampler: inout DeliveryRateSampler) -> [SentPacket] {
        var inFlight = 0
        return times.map { time in
            var packet = SentPacket(fate: .outstanding)
            packet.isInFlight = true
            packet.size = 1000
            packet.sentAt = time * millisecond
            sampler.stamp(&packet, bytesInFlight: inFlight)
            inFlight += 1000
            return packet
        }
    }

    @Test("ACKs that come together are not taken for a fast path: the sending time counts")
    func compression() throws {
        var sampler = DeliveryRateSampler()
        let packets = send(Array(0..<20), &sampler)
        for (number, packet) in packets.enumerated() {
            sampler.acknowledged(packet, number: UInt64(number), now: 50 * millisecond)
        }
        let finished = sampler.finish(now: 50 * millisecond, minimumRTT: 31 * millisecond)
        let sample = try #require(finished)
        #expect(sample.delivered == 20_000 && sample.newlyDelivered == 20_000)
        #expect(sample.bytesPerSecond == 400_000)
        #expect(sample.bytesInFlightAtSend == 20_000 && sample.roundTrip == 31 * millisecond)
    }

    @Test("A shorter time than any round trip gives no rate")
    func tooShort() throws {
        var sampler = DeliveryRateSampler()
        let packets = send([0], &sampler)
        sampler.acknowledged(packets[0], number: 0, now: 5 * millisecond)
        let finished = sampler.finish(now: 5 * millisecond, minimumRTT: 10 * millisecond)
        let sample = try #require(finished)
        #expect(sample.bytesPerSecond == 0 && sampler.latest == nil)
    }

    @Test("Of packets sent at one time the highest number is the newest")
    func newest() throws {
        var sampler = DeliveryRateSampler()
        let packets = send([0, 0, 0], &sampler)
        for number in [1, 2, 0] {
            sampler.acknowledged(packets[number], number: UInt64(number), now: millisecond)
        }
        let finished = sampler.finish(now: millisecond, minimumRTT: 0)
        let sample = try #require(finished)
        #expect(sample.bytesInFlightAtSend == 3000)
    }

    @Test("What the application left unused marks the samples until it is delivered")
    func applicationLimited() throws {
        var sampler = DeliveryRateSampler()
        sampler.applicationIsLimiting(bytesInFlight: 0)
        let first = send([0, 1], &sampler)
        #expect(first.allSatisfy { $0.isApplicationLimited })
        for (number, packet) in first.enumerated() {
            sampler.acknowledged(packet, number: UInt64(number), now: 20 * millisecond)
        }
        let finished = sampler.finish(now: 20 * millisecond, minimumRTT: 0)
        let sample = try #require(finished)
        #expect(sample.isApplicationLimited)
        let later = send([21], &sampler)
        #expect(later.allSatisfy { !$0.isApplicationLimited })
    }

    @Test("Losses count from a packet's sending to its ACK; a spurious one is taken back")
    func losses() throws {
        var sampler = DeliveryRateSampler()
        var packets = send([0, 1, 2, 3], &sampler)
        sampler.lost(packets[0], number: 0)
        sampler.lost(packets[1], number: 1)
        #expect(sampler.lostPackets.map(\.lostSinceSent) == [1000, 2000])
        packets[1].fate = .lost
        sampler.acknowledged(packets[1], number: 1, now: 10 * millisecond)
        sampler.acknowledged(packets[3], number: 3, now: 10 * millisecond)
        let finished = sampler.finish(now: 10 * millisecond, minimumRTT: 0)
        let sample = try #require(finished)
        #expect(sample.lost == 1000)
    }

    @Test("Packets that are not in flight, as plain ACKs, are no delivery")
    func plainAcknowledgements() {
        var sampler = DeliveryRateSampler()
        var packet = SentPacket(fate: .outstanding)
        packet.size = 60
        sampler.stamp(&packet, bytesInFlight: 0)
        sampler.acknowledged(packet, number: 0, now: millisecond)
        let sample = sampler.finish(now: millisecond, minimumRTT: 0)
        #expect(sample == nil)
        #expect(sampler.delivered == 0)
    }
}
