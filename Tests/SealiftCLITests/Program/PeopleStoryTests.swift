import Testing

/// Two people and a stranger, each on a host of their own (`scripts/people-story`).
@Suite("The story of people", .serialized)
struct PeopleStoryTests {
    private static let story = LabScript("people-story")

    @Test(
        "goes from new identities to a machine that is lost, each line of it as it must be",
        .enabled(if: story.isThere, "\(story.whatIsMissing ?? "")"))
    func told() throws {
        let outcome = try Self.story.run([])
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(!outcome.output.contains("FAIL"))
    }
}
