import Foundation
import GRDB
import SealiftBase
import SealiftPeople
import Testing

@testable import SealiftStore

/// What a session asks for at every request, by the way that SQLite finds it: with a thousand contacts
/// and ten thousand shares nothing may be walked through.
@Suite("Look-ups of sharing")
struct QueryPlanTests {
    @Test(
        "use an index, and scan no table",
        arguments: [
            Grant.byMember, Grant.moved, StoredShare.byID, StoredShare.byName,
            Store.visibleShares, Store.sharesMembers, StoredRule.ofSender, StoredOffer.byID,
            StoredOffer.waitingInAll, StoredOffer.waitingOfSender, StoredOffer.acceptedOfSender,
            OutgoingOffer.byID, OutgoingOffer.byRecipient, ContactStanding.byIdentity,
        ])
    func plans(sql: String) throws {
        let store = try TemporaryStore()
        let steps = try Store(in: store.home).read { database in
            try Row.fetchAll(
                database, sql: "EXPLAIN QUERY PLAN " + sql,
                arguments: StatementArguments(
                    [String](repeating: "", count: sql.count { $0 == "?" }))
            ).map { $0["detail"] as String }
        }
        #expect(!steps.isEmpty)
        for step in steps {
            #expect(
                !step.hasPrefix("SCAN") || step.contains("COVERING INDEX"), "\(sql): \(step)")
            #expect(step.hasPrefix("SEARCH") || step.contains("ORDER BY"), "\(sql): \(step)")
        }
    }
}
