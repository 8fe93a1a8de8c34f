/// Lets a stated number of tests run their processes at a time; the others wait without a thread.
actor Turnstile {
    /// Attacks mostly wait, so more of them run than the machine has cores.
    static let shared = Turnstile(places: 6)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    private func enter() async {
        if places > 0 {
            places -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty {
            places += 1
        } else {
            waiting.removeFirst().resume()
        }
    }

    nonisolated func pass<Result: Sendable>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        await enter()
        do {
            let result = try await body()
            await leave()
            return result
        } catch {
            await leave()
            throw error
        }
    }
}
