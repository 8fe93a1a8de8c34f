import SealiftBase
import Testing

@Suite("Instants and durations")
struct InstantTests {
    @Test("add and subtract")
    func arithmetic() {
        var instant = Instant(nanoseconds: 1_000)
        instant += .microseconds(2)
        #expect(instant == Instant(nanoseconds: 3_000))
        #expect(instant - .nanoseconds(1) == Instant(nanoseconds: 2_999))
        #expect(instant - Instant.zero == .microseconds(3))
        #expect(Instant.zero - instant == .microseconds(-3))
        #expect(Instant.zero < instant && instant < .distantFuture)
    }

    @Test("are held at the ends instead of overflowing, in both directions")
    func saturation() {
        let past = Instant(nanoseconds: .min)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.zero + .seconds(Int64.max) == .distantFuture)
        #expect(past + .seconds(-1) == past)
        #expect(past - .seconds(1) == past)
        #expect(Instant.distantFuture - .seconds(-1) == .distantFuture)
        #expect(Instant.distantFuture - past == .nanoseconds(Int64.max))
        #expect(past - Instant.distantFuture == .nanoseconds(Int64.min))
    }

    @Test(
        "count a duration in nanoseconds",
        arguments: [
            (.zero, 0), (.milliseconds(1), 1_000_000), (.seconds(-2), -2_000_000_000),
            (.milliseconds(-1_500), -1_500_000_000), (.nanoseconds(-1), -1),
            (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
            (.seconds(9_223_372_037), .max), (.seconds(-9_223_372_037), .min),
            (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
        ] as [(Duration, Int64)])
    func nanoseconds(duration: Duration, expected: Int64) {
        #expect(duration.nanoseconds == expected)
    }

    @Test("count a duration in seconds")
    func seconds() {
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
        #expect(Duration.milliseconds(-250).inSeconds == -0.25)
    }
}

@Suite("Wall time")
struct WallTimeTests {
    @Test("is held at the ends of its range")
    func saturation() {
        let now = WallTime(secondsSince1970: 1_800_000_000)
        #expect(now.adding(seconds: 60).secondsSince1970 == 1_800_000_060)
        #expect(now.adding(seconds: .max).secondsSince1970 == .max)
        #expect(WallTime(secondsSince1970: -5).adding(seconds: .min).secondsSince1970 == .min)
        #expect(now < now.adding(seconds: 1))
    }
}
