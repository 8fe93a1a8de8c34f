import SealiftTraversal

/// The server's counters in Prometheus' text format: sums only, no ids and no addresses.
enum MetricsText {
    static func text(_ counters: RendezvousCounters, stunAnswers: UInt64) -> String {
        let gauges: [(String, String, Int)] = [
            ("clients", "Clients connected now.", counters.clients),
            ("boxes", "Boxes held now.", counters.boxes),
            ("numbers", "Code numbers open now.", counters.numbers),
            ("addresses", "Addresses whose use is remembered now.", counters.addresses),
        ]
        let sums: [(String, String, Int)] = [
            ("connected", "Clients let in.", counters.connected),
            ("turned_away", "Clients turned away at once.", counters.turnedAway),
            ("boxes_stored", "Boxes taken in.", counters.stored),
            ("boxes_delivered", "Boxes given out of mailboxes.", counters.delivered),
            ("boxes_expired", "Boxes whose time was over.", counters.expired),
            ("numbers_opened", "Code numbers opened.", counters.opened),
            ("numbers_claimed", "Code numbers claimed.", counters.claimed),
            ("numbers_missed", "Claims of numbers that were not there.", counters.missed),
            ("wrong_words", "Codes that ended with the wrong words.", counters.wrongWords),
            ("busy", "Messages not carried out because of a limit.", counters.busy),
            ("violations", "Clients dropped by the protocol's rules.", counters.violations),
            ("stun_answers", "STUN requests answered.", Int(clamping: stunAnswers)),
        ]
        return gauges.map { entry($0, suffix: "", kind: "gauge") }.joined()
            + sums.map { entry($0, suffix: "_total", kind: "counter") }.joined()
    }

    private static func entry(
        _ metric: (name: String, help: String, value: Int), suffix: String, kind: String
    ) -> String {
        let name = "sealift_rendezvous_\(metric.name)\(suffix)"
        return "# HELP \(name) \(metric.help)\n# TYPE \(name) \(kind)\n\(name) \(metric.value)\n"
    }
}
