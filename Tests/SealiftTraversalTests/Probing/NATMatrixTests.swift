import SealiftBase
import SealiftTestSupport
import Testing

@testable import SealiftTraversal

@Suite("Two machines behind NATs")
struct NATMatrixTests {
    typealias Front = ProbingScene.Front

    /// The kinds are told from STUN answers; then everything depends on probing.
    @Test(
        "meet in every pair but hard and hard, also with a tenth of all datagrams lost",
        arguments: Front.allCases, Front.allCases)
    func matrix(caller: Front, callee: Front) throws {
        var times: [Duration] = []
        for seed in SimulationSeed.series(50) {
            let loss = seed.value.isMultiple(of: 2) ? 0.1 : 0
            var scene = ProbingScene(caller, callee, loss: loss, seed: seed)
            let pair = scene.gather()
            #expect(pair.caller.nat == caller.kind && pair.callee.nat == callee.kind)
            let start = scene.network.now
            scene.meet(pair)
            for role in CallRole.allCases {
                let host = scene.host(role)
                #expect(host.isWithinRate, "\(seed)")
                if caller == .hard && callee == .hard {
                    let diagnosis = try #require(host.diagnosis)
                    let after = try #require(host.diagnosedAt) - start
                    #expect(diagnosis.cause == .bothHard && after <= .seconds(20))
                    #expect(host.chosen == nil)
                } else {
                    #expect(host.chosen != nil, "\(seed) \(loss) \(role) \(scene.network.report)")
                    if let chosenAt = host.chosenAt { times.append(chosenAt - start) }
                }
            }
        }
        guard !times.isEmpty else { return }
        times.sort()
        // Ordinary pairs need a few round trips of 50 ms; a hard NAT and one that lets in only whom it
        // knows need the birthday paradox.
        let isBirthday = Set([caller, callee]) == [.easy, .hard]
        let limits: (median: Duration, all: Duration) =
            isBirthday ? (.seconds(4), .seconds(15)) : (.milliseconds(500), .seconds(5))
        let (median, longest) = (times[times.count / 2], times[times.count - 1])
        print("\(caller) and \(callee) meet after \(median), at most \(longest)")
        #expect(median <= limits.median)
        #expect(longest <= limits.all)
    }

    @Test(
        "meet when one end begins seconds after the other, whichever it is",
        arguments: [
            (Front.easy, Front.easy), (.easy, .hard), (.hard, .easy), (.restricted, .hard),
            (.hard, .none),
        ] as [(Front, Front)])
    func late(caller: Front, callee: Front) {
        for seed in SimulationSeed.series(20) {
            for (callerDelay, calleeDelay) in [(0, 4), (4, 0)] {
                var scene = ProbingScene(caller, callee, loss: 0.1, seed: seed)
                let pair = scene.gather()
                scene.meet(
                    pair, callerDelay: .seconds(callerDelay), calleeDelay: .seconds(calleeDelay))
                for role in CallRole.allCases {
                    #expect(scene.host(role).chosen != nil, "\(seed) \(role)")
                }
            }
        }
    }

    @Test("behind a NAT each, and each of those behind another, meet")
    func doubleNAT() {
        for seed in SimulationSeed.series(20) {
            for carrier in [Front.easy, .restricted] {
                var scene = ProbingScene(
                    .easy, .easy, callerCarrier: carrier, calleeCarrier: .easy, loss: 0.1,
                    seed: seed)
                scene.meet(scene.gather())
                for role in CallRole.allCases {
                    #expect(scene.host(role).chosen != nil, "\(seed) \(carrier) \(role)")
                }
            }
        }
    }

    @Test("that share a network meet on it, though their router turns nothing back")
    func oneNetwork() {
        for seed in SimulationSeed.series(10) {
            var scene = ProbingScene(behind: .easy, homes: nil, seed: seed)
            scene.meet(scene.gather())
            for role in CallRole.allCases {
                #expect(scene.host(role).chosen?.address.isPrivate == true, "\(seed)")
            }
        }
    }

    @Test("behind two routers of one carrier meet where its NAT turns back, and are told where not")
    func hairpin() {
        for seed in SimulationSeed.series(10) {
            var behaviour = SimulatedNAT.Behaviour.easy
            behaviour.hairpins = true
            var scene = ProbingScene(behind: behaviour, homes: .easy, seed: seed)
            scene.meet(scene.gather())
            for role in CallRole.allCases {
                #expect(scene.host(role).chosen != nil, "\(seed)")
            }
            var dead = ProbingScene(behind: .easy, homes: .easy, seed: seed)
            dead.meet(dead.gather())
            #expect(dead.host(.caller).diagnosis?.cause == .silence)
        }
    }

    @Test("meet past fifteen dead addresses")
    func deadCandidates() {
        for seed in SimulationSeed.series(20) {
            var scene = ProbingScene(.easy, .restricted, loss: 0.1, seed: seed)
            let dead = (1...14).map {
                Candidate(.host, .ipv4(203, 0, 114, UInt8($0)))
            }
            let start = scene.network.now
            scene.meet(scene.gather(extra: dead))
            for role in CallRole.allCases {
                #expect(scene.host(role).chosen != nil, "\(seed)")
            }
            #expect(scene.network.now - start < .seconds(9))
        }
    }

    @Test("meet although both routers are switched off and on after they began")
    func reboot() {
        for seed in SimulationSeed.series(20) {
            var scene = ProbingScene(.easy, .easy, seed: seed)
            let pair = scene.gather()
            scene.rebootRouters()
            scene.meet(pair)
            #expect(scene.host(.caller).chosen != nil && scene.host(.callee).chosen != nil)
        }
    }

    @Test("of which one is hard try the birthday paradox only where both agree")
    func consent() throws {
        for (callerFlags, calleeFlags) in [([], .birthday), (.birthday, [])]
            as [(CallFlags, CallFlags)]
        {
            var scene = ProbingScene(.easy, .hard, seed: SimulationSeed(1))
            scene.meet(scene.gather(callerFlags: callerFlags, calleeFlags: calleeFlags))
            for role in CallRole.allCases {
                let diagnosis = try #require(scene.host(role).diagnosis)
                #expect(diagnosis.cause == .birthdayNotPossible)
                #expect(diagnosis.probesSent <= 10 * 16)
            }
        }
    }

    @Test("of which the hard one can open few sockets only have less luck, and are told")
    func fewSockets() throws {
        var met = 0
        for seed in SimulationSeed.series(20) {
            var scene = ProbingScene(.easy, .hard, birthdaySockets: 8, seed: seed)
            scene.meet(scene.gather())
            let host = scene.host(.caller)
            if host.chosen == nil {
                #expect(try #require(host.diagnosis).cause == .birthdayMissed)
            } else {
                met += 1
            }
            #expect(host.isWithinRate)
        }
        #expect(met < 20)
    }
}

extension ProbingHost {
    /// Whether it never sent more than 200 probes in a second.
    var isWithinRate: Bool {
        probeInstants.indices.dropFirst(200).allSatisfy {
            probeInstants[$0] - probeInstants[$0 - 200] >= .seconds(1)
        }
    }
}
