import CSealiftSys
import Glibc

/// The names in one directory, sorted bytewise.
///
/// All names lie in one run of memory with eight bytes beside each, so that a directory of ten
/// million entries costs a few hundred megabytes less than as many arrays would.
public struct NameList: RandomAccessCollection, Sendable {
    /// The names, one behind the other.
    private var storage: [UInt8] = []
    /// Where each name lies: its start × 65,536 + its length.
    private var places: [UInt64] = []

    /// Reads the directory behind a freshly opened `listing`.
    init(reading listing: Descriptor) throws(SystemError) {
        var records = [UInt8](repeating: 0, count: 65_536)
        while true {
            let number = listing.number
            let count = try checked(
                records.withUnsafeMutableBytes { buffer in
                    retryingInterrupts {
                        sealift_directory_read(number, buffer.baseAddress, buffer.count)
                    }
                }, "list directory")
            if count == 0 { break }
            records.withUnsafeBytes { append(records: $0.prefix(Int(count))) }
        }
        sort()
    }

    /// Appends the names of kernel records: u64 inode, u64 offset, u16 record length, u8 kind, then
    /// the name with its terminator (getdents64(2)).
    private mutating func append(records: Slice<UnsafeRawBufferPointer>) {
        var rest = UnsafeRawBufferPointer(rebasing: records)
        while rest.count > 19 {
            let length = Int(rest.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
            guard length > 19, length <= rest.count else { return }
            let name = rest[19..<length].prefix { $0 != 0 }
            if !name.elementsEqual([UInt8(ascii: ".")]), !name.elementsEqual(Array("..".utf8)) {
                places.append(UInt64(storage.count) << 16 | UInt64(name.count))
                storage.append(contentsOf: name)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[length...])
        }
    }

    private mutating func sort() {
        storage.withUnsafeBytes { bytes in
            func name(_ place: UInt64) -> UnsafeRawBufferPointer {
                let start = Int(place >> 16)
                return UnsafeRawBufferPointer(
                    rebasing: bytes[start..<(start + Int(place & 0xFFFF))])
            }
            places.sort { left, right in
                let (left, right) = (name(left), name(right))
                guard let first = left.baseAddress, let second = right.baseAddress else {
                    return left.count < right.count
                }
                let order = memcmp(first, second, Swift.min(left.count, right.count))
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }

    /// Always 0.
    public var startIndex: Int { 0 }

    /// How many names there are.
    public var endIndex: Int { places.count }

    /// The name at `index` in the order of bytes.
    public subscript(index: Int) -> [UInt8] {
        let start = Int(places[index] >> 16)
        return Array(storage[start..<(start + Int(places[index] & 0xFFFF))])
    }
}
