import Testing

@Suite("The command line")
struct UsageTests {
    @Test(
        "shows help and version on standard output",
        arguments: ["send", "receive", "hash", "verify", "log", nil])
    func help(subcommand: String?) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run([subcommand, "--help"].compactMap { $0 })
        #expect(outcome.status == 0)
        #expect(outcome.error.isEmpty)
        #expect(outcome.output.contains("EXIT STATUS:"))
        #expect(outcome.output.contains("EXAMPLES:"))
        #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        let version = try sealift.run(["--version"])
        #expect(version.status == 0)
        #expect(version.output.hasPrefix("sealift "))
    }

    @Test(
        "ends with 64 for what it does not understand",
        arguments: [
            ["frobnicate"], ["--bogus"], ["send"], ["send", "--bogus", "x"], ["hash"],
            ["send", "--expires", "30", "x"], ["send", "--expires", "0s", "x"],
            ["send", "--wait", "99999999999999999999h", "x"],
            ["send", "--listen", "example.org:1", "x"],
            ["send", "--listen", "1.2.3.4", "x"], ["send", "--listen", "1.2.3.4:65536", "x"],
            ["send", "--advertise", "1.2.3.4:0", "x"], ["send", ""], ["send", "/"],
            ["send", "a/x", "b/x/"], ["send", "--rate", "100", "x"],
            ["send", "--rate", "100MB", "x"], ["send", "--congestion", "reno", "x"],
            ["send", "--congestion", "fixed", "x"],
            ["send", "--background", "--loss-tolerant", "x"],
            ["send", "--loss-tolerant", "--congestion", "cubic", "x"],
            ["send", "--confirm", "x"], ["send", "--keep", "--manifest", "m", "x"], ["verify"],
            ["verify", "x"], ["receive", "extra"], ["receive", "--yes", "--dry-run"],
            ["receive", "--output", ""],
        ])
    func usageErrors(arguments: [String]) throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("error: "))
        #expect(outcome.error.contains("\nwhat to do: "))
    }

    @Test("writes a usage error as JSON too where scripts listen")
    func usageErrorAsJSON() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(["send", "--json"])
        #expect(outcome.status == 64)
        let event = try #require(try outcome.events.first)
        #expect(event["event"] as? String == "error")
        #expect(event["code"] as? String == "usage")
        #expect(event["exit_status"] as? Int == 64)
        #expect(event["message"] is String && event["advice"] is String)
    }

    @Test("names a missing file and ends with 6")
    func missingSource() throws {
        let sealift = try SealiftProcess()
        defer { sealift.remove() }
        let outcome = try sealift.run(["send", "--json", "nothing-here"])
        #expect(outcome.status == 6)
        #expect(try outcome.events.last?["code"] as? String == "source_not_found")
        #expect(outcome.error.contains("nothing-here"))
    }
}
