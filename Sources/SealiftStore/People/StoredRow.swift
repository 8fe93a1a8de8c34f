import Foundation
import GRDB
import SealiftBase
import SealiftPeople

/// A row whose values are taken for what they may be after a damage: a value of another type, or out of
/// its range, is an error, and never a trap.
struct StoredRow {
    private let row: Row

    init(_ row: Row) { self.row = row }

    /// What stands in `column`.
    /// - Throws: ``StoreFailure/damaged(_:)`` for nothing, and for what is no `Value`.
    func required<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value: Value = try optional(column) else { throw Self.damaged }
        return value
    }

    /// What stands in `column`; nil for nothing.
    /// - Throws: ``StoreFailure/damaged(_:)`` for what is no `Value`.
    func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
        guard row.hasColumn(column) else { throw Self.damaged }
        let stored: DatabaseValue = row[column]
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else { throw Self.damaged }
        return value
    }

    /// The bytes in `column`, at most `limit`.
    func bytes(_ column: String, atMost limit: Int) throws -> [UInt8] {
        let data: Data = try required(column)
        guard data.count <= limit else { throw Self.damaged }
        return Array(data)
    }

    /// A count of bytes, or of anything else.
    func count(_ column: String) throws -> UInt64 {
        let value: Int64 = try required(column)
        return try Self.demand(UInt64(exactly: value))
    }

    /// A limit in bytes; nil for none, which is a value of its own: nothing at all is a damage.
    func limit(_ column: String) throws -> UInt64? {
        let value = try count(column)
        return value == UInt64(StoredLimit.none) ? nil : value
    }

    /// A time.
    func time(_ column: String) throws -> WallTime {
        WallTime(secondsSince1970: try required(column))
    }

    /// An end; nil for none, which is a value of its own: nothing at all is a damage.
    func end(_ column: String) throws -> WallTime? {
        let time = try time(column)
        return time.secondsSince1970 == StoredLimit.none ? nil : time
    }

    /// An identity.
    func identity(_ column: String) throws -> IdentityID {
        IdentityID(try Self.demand(Hash256(try bytes(column, atMost: Hash256.byteCount))))
    }

    /// The value, if it is one.
    static func demand<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw damaged }
        return value
    }

    static let damaged = StoreFailure.damaged("a record of the database cannot be read")
}

/// How limits stand in columns.
enum StoredLimit {
    /// What stands for no limit and no end. Not NULL, which a damage could bring.
    static let none = Int64.max

    /// A number of bytes; what is larger than can be stored is no limit a machine could reach.
    static func of(_ bytes: UInt64?) -> Int64 { bytes.map { Int64(clamping: $0) } ?? none }

    /// An end.
    static func of(_ end: WallTime?) -> Int64 { end?.secondsSince1970 ?? none }
}

/// Several paths in one column: a zero byte between them, which none of them has.
enum StoredPaths {
    /// The paths in one piece.
    static func join(_ paths: [[UInt8]]) -> Data { Data(paths.joined(separator: [0])) }

    /// The paths of a piece, none of them empty; nil where one is, or there are more than `limit`.
    static func split(_ piece: [UInt8], atMost limit: Int) -> [[UInt8]]? {
        if piece.isEmpty { return [] }
        let parts = piece.split(
            separator: 0, maxSplits: limit, omittingEmptySubsequences: false)
        guard parts.count <= limit, !parts.contains(where: \.isEmpty) else { return nil }
        return parts.map(Array.init)
    }
}

extension IdentityID {
    /// As it stands in a column.
    var stored: Data { Data(value.bytes) }
}

extension ShareID {
    /// As it stands in a column.
    var stored: Data { Data(bytes) }
}

extension OfferID {
    /// As it stands in a column.
    var stored: Data { Data(bytes) }
}

extension Store {
    /// Looks something up. Whatever goes wrong on the way is a failed look-up, which opens nothing.
    func look<Value>(_ body: (Database) throws -> Value?) -> Lookup<Value> {
        do throws(StoreFailure) {
            return try read(body).map { .found($0) } ?? .absent
        } catch {
            return .failed
        }
    }
}

extension Database {
    /// The first row of a statement that is compiled once.
    func first(_ sql: String, _ arguments: StatementArguments) throws -> StoredRow? {
        try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments).map(StoredRow.init)
    }

    /// Every row, each as `read` makes it.
    func all<Value>(
        _ sql: String, _ arguments: StatementArguments, _ read: (StoredRow) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        while let row = try rows.next() { values.append(try read(StoredRow(row))) }
        return values
    }

    /// The number that a `SELECT count(…)` gives.
    func count(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try Int.fetchOne(cachedStatement(sql: sql), arguments: arguments) ?? 0
    }
}
