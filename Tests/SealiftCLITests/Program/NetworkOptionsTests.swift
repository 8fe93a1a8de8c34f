import Testing

@Suite("The options of the network policy")
struct NetworkOptionsTests {
    @Test(
        "that cannot be meant are refused",
        arguments: [
            ["--bind", "192.0.2.2:80"], ["--bind", "host"], ["--allow", "10.0.0.0/33"],
            ["--deny", "x"], ["--dscp", "64"], ["--dscp", "-1"], ["--stun", "a:0"],
            ["--stun", "a", "--no-signaling"], ["--relay", "yours"],
            ["--relay", "mine", "--no-signaling"],
        ])
    func refused(arguments: [String]) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        #expect(try sealift.run(["receive"] + arguments, input: "").status == 64)
    }

    @Test("name a relay that must be known whole: a place to meet, its name, one password")
    func relay() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "a")
        try sealift.write("\n", to: "empty")
        let place = ["SEALIFT_RENDEZVOUS": "wss://127.0.0.1:1"]
        let named = place.merging(["SEALIFT_TURN": "turn:ann@127.0.0.1"]) { $1 }
        for (environment, words) in [
            ([:], "needs a rendezvous server"),
            (place, "SEALIFT_TURN names none"),
            (
                place.merging(["SEALIFT_TURN": "relay.example.org"]) { $1 },
                "not the name of a relay"
            ),
            (named, "password of the relay is missing"),
            (named.merging(["SEALIFT_TURN_PASSWORD_FILE": "empty"]) { $1 }, "is missing"),
            (named.merging(["SEALIFT_TURN_PASSWORD_FILE": "none"]) { $1 }, "cannot read the file"),
            (
                named.merging(
                    ["SEALIFT_TURN_PASSWORD_FILE": "a", "SEALIFT_TURN_PASSWORD": "b"]) { $1 },
                "two passwords"
            ),
        ] {
            let result = try sealift.run(
                ["send", "--relay", "mine", "a"], environment: environment)
            #expect(result.status == 64 && result.error.contains(words), "\(result.error)")
        }
    }

    @Test("end a command that they leave nothing to, or that needs what they forbid, with 64")
    func commands() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        try sealift.write("abc", to: "a")
        for (arguments, words) in [
            (["send", "--interface", "sealift-none", "a"], "no interface"),
            (["send", "--bind", "203.0.113.77", "a"], "no address of"),
            (["send", "--deny", "0.0.0.0/0", "--deny", "::/0", "a"], "leaves no address"),
            (["send", "--code", "--no-signaling", "a"], "contradict"),
            (["send", "--bind", "127.0.0.1", "--listen", "127.0.0.1:0", "a"], "leave out --bind"),
        ] {
            let result = try sealift.run(arguments)
            #expect(result.status == 64 && result.error.contains(words), "\(result.error)")
        }
        let code = try sealift.run(
            ["receive", "--yes", "--no-signaling"], input: "48213-copper-orbit-tiger\n",
            environment: ["SEALIFT_RENDEZVOUS": "wss://127.0.0.1:1"])
        #expect(code.status == 64 && code.error.contains("--no-signaling"))
    }
}
