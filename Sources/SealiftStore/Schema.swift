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
        Step(
            name: "0005 shares",
            sql: """
                CREATE TABLE share (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    name TEXT NOT NULL UNIQUE,
                    skeleton TEXT NOT NULL UNIQUE,
                    path BLOB NOT NULL CHECK (length(path) BETWEEN 1 AND 4096),
                    created INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE membership (
                    share BLOB NOT NULL REFERENCES share (id) ON DELETE CASCADE,
                    member BLOB NOT NULL CHECK (length(member) = 32),
                    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
                    paths BLOB NOT NULL,
                    expires INTEGER NOT NULL,
                    quota INTEGER NOT NULL CHECK (quota >= 0),
                    approval INTEGER NOT NULL CHECK (approval BETWEEN 0 AND 2),
                    approver BLOB CHECK ((approval = 2) = (approver IS NOT NULL)),
                    granted INTEGER NOT NULL,
                    PRIMARY KEY (share, member)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX membership_member ON membership (member, share);
                CREATE TABLE moved (
                    share BLOB NOT NULL REFERENCES share (id) ON DELETE CASCADE,
                    member BLOB NOT NULL CHECK (length(member) = 32),
                    bytes INTEGER NOT NULL CHECK (bytes >= 0),
                    PRIMARY KEY (share, member)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE rule (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    sender BLOB NOT NULL CHECK (length(sender) = 32),
                    destination BLOB NOT NULL CHECK (length(destination) BETWEEN 1 AND 4096),
                    maximum INTEGER NOT NULL CHECK (maximum > 0),
                    quota INTEGER NOT NULL CHECK (quota >= 0),
                    accepted INTEGER NOT NULL CHECK (accepted >= 0),
                    expires INTEGER NOT NULL,
                    created INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX rule_sender ON rule (sender, number);
                CREATE TABLE offer (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    sender BLOB NOT NULL CHECK (length(sender) = 32),
                    device BLOB NOT NULL CHECK (length(device) = 32),
                    label BLOB NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
                    bytes INTEGER NOT NULL CHECK (bytes >= 0),
                    entries INTEGER NOT NULL CHECK (entries > 0),
                    listing BLOB CHECK (length(listing) = 32),
                    time INTEGER NOT NULL,
                    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
                    destination BLOB,
                    rule INTEGER
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX offer_sender ON offer (state, sender);
                CREATE INDEX offer_time ON offer (state, time);
                CREATE TABLE outgoing (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    recipient BLOB NOT NULL CHECK (length(recipient) = 32),
                    label BLOB NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
                    paths BLOB NOT NULL,
                    created INTEGER NOT NULL,
                    expires INTEGER NOT NULL,
                    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX outgoing_recipient ON outgoing (recipient, state);
                CREATE INDEX outgoing_time ON outgoing (state, created);
                CREATE TABLE clock (
                    number INTEGER PRIMARY KEY CHECK (number = 1),
                    floor INTEGER NOT NULL
                ) STRICT;
                """),
        Step(
            name: "0006 former logs",
            sql: """
                CREATE TABLE former_log (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    keys BLOB NOT NULL CHECK (length(keys) = 64),
                    size INTEGER NOT NULL CHECK (size >= 0),
                    head BLOB,
                    restored INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE former_entry (
                    log BLOB NOT NULL CHECK (length(log) = 16),
                    position INTEGER NOT NULL CHECK (position >= 0),
                    time INTEGER NOT NULL,
                    event INTEGER NOT NULL,
                    peer BLOB,
                    transfer BLOB,
                    bytes BLOB NOT NULL,
                    PRIMARY KEY (log, position)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE former_checkpoint (
                    log BLOB NOT NULL CHECK (length(log) = 16),
                    size INTEGER NOT NULL CHECK (size >= 1),
                    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
                    bytes BLOB NOT NULL,
                    PRIMARY KEY (log, size)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE former_receipt (
                    transfer BLOB NOT NULL,
                    peer BLOB NOT NULL,
                    time INTEGER NOT NULL,
                    bytes BLOB NOT NULL,
                    PRIMARY KEY (transfer, peer)
                ) STRICT, WITHOUT ROWID;
                """),
        Step(
            name: "0007 devices",
            sql: """
                CREATE TABLE device_name (
                    device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 32),
                    name TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE introduced (
                    identity BLOB NOT NULL CHECK (length(identity) = 32),
                    device BLOB NOT NULL CHECK (length(device) = 32),
                    renewed INTEGER NOT NULL CHECK (renewed IN (0, 1)),
                    PRIMARY KEY (identity, device)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE seen (
                    identity BLOB NOT NULL PRIMARY KEY CHECK (length(identity) = 32),
                    generation INTEGER NOT NULL CHECK (generation >= 0),
                    sequence INTEGER NOT NULL CHECK (sequence >= 0)
                ) STRICT, WITHOUT ROWID;
                """),
        Step(
            name: "0008 watched",
            sql: """
                CREATE TABLE watched (
                    folder BLOB NOT NULL CHECK (length(folder) BETWEEN 1 AND 4096),
                    name BLOB NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
                    recipient BLOB NOT NULL CHECK (length(recipient) = 32),
                    version BLOB NOT NULL CHECK (length(version) = 32),
                    transfer BLOB CHECK (length(transfer) = 16),
                    peer BLOB CHECK (length(peer) = 32 AND (peer IS NULL) = (transfer IS NULL)),
                    time INTEGER NOT NULL,
                    PRIMARY KEY (folder, name, recipient)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE removal (
                    folder BLOB NOT NULL CHECK (length(folder) BETWEEN 1 AND 4096),
                    name BLOB NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
                    version BLOB NOT NULL CHECK (length(version) = 32),
                    moved BLOB NOT NULL CHECK (length(moved) = 32),
                    holder BLOB NOT NULL CHECK (length(holder) = 16),
                    PRIMARY KEY (folder, name)
                ) STRICT, WITHOUT ROWID;
                """),
        // The vault's pair keys have mailboxes beside them from now on, which an older sealift cannot read:
        // it leaves a database with this step alone. Keys from before stay as they are.
        Step(name: "0009 mailboxes", sql: "SELECT 1"),
        Step(
            name: "0010 quarantine",
            sql: """
                ALTER TABLE rule ADD COLUMN
                    quarantine INTEGER NOT NULL DEFAULT 0 CHECK (quarantine IN (0, 1));
                CREATE TABLE quarantined_offer (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    sender BLOB NOT NULL CHECK (length(sender) = 32),
                    device BLOB NOT NULL CHECK (length(device) = 32),
                    label BLOB NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
                    bytes INTEGER NOT NULL CHECK (bytes >= 0),
                    entries INTEGER NOT NULL CHECK (entries > 0),
                    listing BLOB CHECK (length(listing) = 32),
                    time INTEGER NOT NULL,
                    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 7),
                    destination BLOB,
                    rule INTEGER,
                    quarantine BLOB CHECK (length(quarantine) BETWEEN 1 AND 4096),
                    held INTEGER,
                    CHECK (state NOT BETWEEN 4 AND 7
                        OR (quarantine IS NOT NULL AND held IS NOT NULL))
                ) STRICT, WITHOUT ROWID;
                INSERT INTO quarantined_offer
                    SELECT id, sender, device, label, bytes, entries, listing, time, state,
                        destination, rule, NULL, NULL FROM offer;
                DROP TABLE offer;
                ALTER TABLE quarantined_offer RENAME TO offer;
                CREATE INDEX offer_sender ON offer (state, sender);
                CREATE INDEX offer_time ON offer (state, time);
                """),
        Step(
            name: "0011 introductions",
            sql: "ALTER TABLE introduced ADD COLUMN replaced INTEGER"),
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
