import GRDB

/// The tables, as the sequence of steps that leads to them. A step that was released is never changed:
/// a test holds each to its hash, and opens a database of every version.
enum Schema {
    /// One step, and the statements that take it.
    struct Step {
        let name: String
        let sql: String
    }

    static let steps = [
        Step(
            name: "0001 log",
            sql: """
                CREATE TABLE log (
                    number INTEGER PRIMARY KEY CHECK (number = 1),
                    id BLOB NOT NULL CHECK (length(id) = 16),
                    device BLOB NOT NULL CHECK (length(device) = 32),
                    size INTEGER NOT NULL CHECK (size >= 0),
                    peaks BLOB NOT NULL
                ) STRICT;
                CREATE TABLE entry (
                    position INTEGER PRIMARY KEY CHECK (position >= 0),
                    time INTEGER NOT NULL,
                    event INTEGER NOT NULL,
                    peer BLOB,
                    transfer BLOB,
                    bytes BLOB NOT NULL
                ) STRICT;
                CREATE INDEX entry_time ON entry (time);
                CREATE INDEX entry_peer ON entry (peer, position);
                CREATE INDEX entry_transfer ON entry (transfer, position);
                CREATE TABLE checkpoint (
                    size INTEGER PRIMARY KEY CHECK (size >= 1),
                    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
                    bytes BLOB NOT NULL
                ) STRICT;
                """),
        Step(
            name: "0002 receipts",
            sql: """
                CREATE TABLE receipt (
                    transfer BLOB NOT NULL,
                    peer BLOB NOT NULL,
                    time INTEGER NOT NULL,
                    bytes BLOB NOT NULL,
                    PRIMARY KEY (transfer, peer)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX receipt_peer ON receipt (peer, time);
                """),
        Step(
            name: "0003 secrets",
            sql: """
                CREATE TABLE vault (
                    number INTEGER PRIMARY KEY CHECK (number = 1),
                    bytes BLOB NOT NULL
                ) STRICT;
                CREATE TABLE secret (
                    name TEXT NOT NULL PRIMARY KEY,
                    bytes BLOB NOT NULL
                ) STRICT, WITHOUT ROWID;
                """),
        Step(
            name: "0004 people",
            sql: """
                CREATE TABLE identity (
                    number INTEGER PRIMARY KEY CHECK (number = 1),
                    id BLOB NOT NULL CHECK (length(id) = 32),
                    chain BLOB NOT NULL
                ) STRICT;
                CREATE TABLE contact (
                    identity BLOB NOT NULL PRIMARY KEY CHECK (length(identity) = 32),
                    name TEXT NOT NULL UNIQUE,
                    verification INTEGER NOT NULL CHECK (verification BETWEEN 0 AND 4),
                    blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)),
                    added INTEGER NOT NULL,
                    chain BLOB NOT NULL
                ) STRICT, WITHOUT ROWID;
                """),
    ]

    /// The steps in GRDB's terms.
    static let migrator = migrator(Schema.steps)

    static func migrator(_ steps: [Step]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for step in steps {
            migrator.registerMigration(step.name) { try $0.execute(sql: step.sql) }
        }
        return migrator
    }
}
