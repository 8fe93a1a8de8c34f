import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("A contact that means ill")
struct HostileContactTests {
    @Test(
        "cannot have answers pile up by asking and not reading",
        arguments: SimulationSeed.series(3))
    func unreadAnswers(simulation: SimulationSeed) throws {
        var crowd = try ContactCrowd(seed: simulation.value, deviceCounts: [1])
        let end = try crowd.dial(
            0, .deaf(.request(ContactCrowd.WaitingEnd.question), count: 60))
        _ = crowd.network.run(for: .seconds(70))
        let deaf = try #require(crowd.network[end].deaf)
        #expect(deaf.left == 0)
        let waiting = try crowd.waiting
        // What the first credit covers left this machine; everything else waits in it.
        let queued = waiting.requestCount * ContactCrowd.WaitingEnd.answerByteCount
        let most = ContactHost.maximumUndeliveredByteCount + ContactCrowd.WaitingEnd.answerByteCount
        #expect(queued <= 262_144 + most)
        #expect(waiting.requestCount > 0 && waiting.failures.isEmpty)
        #expect(waiting.host.sessionCount == 1)
    }

    @Test(
        "is not confused with one that asks for much and reads it",
        arguments: SimulationSeed.series(3))
    func readAnswers(simulation: SimulationSeed) throws {
        var crowd = try ContactCrowd(seed: simulation.value, deviceCounts: [1])
        let end = try crowd.dial(
            0, .asking(rounds: 12),
            by: [
                SizeLimit(1_472), RateLimit(megabitsPerSecond: 20, queueTime: .milliseconds(50)),
                IndependentLoss(0.03),
            ])
        let count = 12 * ContactCrowd.WaitingEnd.answer.count
        _ = crowd.network.run(for: .seconds(100)) {
            ($0[end].asking?.answers.count ?? 0) >= count
        }
        let asking = try #require(crowd.network[end].asking)
        #expect(asking.answers.count == count && asking.ending == nil)
        #expect(try crowd.waiting.failures.isEmpty)
    }

    @Test("does not take every place with devices of its own")
    func places() throws {
        let most = ContactHost.maximumSessionsPerIdentity
        var crowd = try ContactCrowd(seed: 11, deviceCounts: [most + 2, 1])
        for device in 0..<(most + 2) {
            _ = try crowd.dial(0, device: device, .asking(rounds: 1))
        }
        _ = crowd.network.run(for: .seconds(2))
        #expect(try crowd.waiting.host.sessionCount == most)
        let other = try crowd.dial(1, .asking(rounds: 1))
        _ = crowd.network.run(for: .seconds(2))
        let arrivals = try crowd.waiting.arrivals
        #expect(arrivals.count(where: { $0 == crowd.members[0].contact.identity }) == most)
        #expect(arrivals.count(where: { $0 == crowd.members[1].contact.identity }) == 1)
        let asking = try #require(crowd.network[other].asking)
        #expect(asking.answers.count == ContactCrowd.WaitingEnd.answer.count)
    }

    @Test("has no key replaced that is in order")
    func needlessRenewal() throws {
        let today = MailboxRatchet.day(of: ContactCrowd.time)
        for (isTold, day, isReplaced) in [
            (false, today - MailboxRatchet.keptDays, false), (false, nil, true),
            (false, today + 1, true), (true, nil, true),
        ] as [(Bool, UInt64?, Bool)] {
            var crowd = try ContactCrowd(
                seed: 12, deviceCounts: [1], isTold: isTold, firstMailboxDay: day)
            _ = try crowd.dial(0, .deaf(.renew, count: 1))
            _ = crowd.network.run(for: .seconds(4))
            let waiting = try crowd.waiting
            #expect(waiting.renewalCount == (isReplaced ? 1 : 0))
            #expect(waiting.failures == (isReplaced ? [] : [.violation]))
        }
    }

    @Test("has a key that was told replaced so often in an hour, and no more")
    func renewalFlood() throws {
        let most = ContactHost.maximumRenewalsPerHour
        var crowd = try ContactCrowd(seed: 13, deviceCounts: [1], isTold: true)
        for round in 1...(most + 2) {
            // Twice in one session is a violation, which ends it.
            _ = try crowd.dial(0, .deaf(.renew, count: 2))
            _ = crowd.network.run(for: .seconds(40))
            let waiting = try crowd.waiting
            #expect(waiting.renewalCount == min(round, most) && waiting.failures.count == round)
            #expect(waiting.host.sessionCount == 0)
        }
        let (host, pairs, now) = (crowd.host, crowd.pairs, crowd.network.now)
        crowd.network[host].waiting?.host.welcome(
            pairs, hour: ContactCrowd.hour + 1, now: now)
        _ = try crowd.dial(0, .deaf(.renew, count: 1))
        _ = crowd.network.run(for: .seconds(4))
        #expect(try crowd.waiting.renewalCount == most + 1)
    }

    @Test("has no key replaced by a former one")
    func formerKeys() throws {
        var entropy = SeededEntropy(seed: 3)
        let devices = (0..<2).map { _ in DeviceKeyPair.generate(entropy: &entropy).publicKeys.id }
        let told = PairKey(told: PreSharedKey.generate(entropy: &entropy))
        func pair(isFormer: Bool) -> ContactPair {
            ContactPair(
                identity: IdentityID(SHA256Digest.hash([1])), device: devices[1], key: told,
                dialing: devices[1], isFormer: isFormer, isTold: true)
        }
        func asks(_ pair: ContactPair) -> [Bool] {
            (0..<2).map {
                pair.isToBeReplaced(
                    by: devices[0],
                    at: ContactCrowd.time.adding(seconds: $0 * 86_400))
            }
        }
        #expect(asks(pair(isFormer: false)).contains(true) && pair(isFormer: false).isTold)
        #expect(asks(pair(isFormer: true)) == [false, false] && !pair(isFormer: true).isTold)
        // It may be the former one only at the end that waits, and the other end's only one.
        #expect(pair(isFormer: true).mayBeReplaced(in: [], at: ContactCrowd.time))
    }
}
