import CSealiftSys
import Glibc

extension OpenFile {
    /// The parts of the file that were never written and read as zeros, in whole multiples of
    /// `granularity`: each range begins and ends on one, so a piece is inside or outside.
    ///
    /// Where the file system does not tell, there are none. A file may be written meanwhile: the
    /// ranges are what was true when each was looked at.
    /// - Parameters:
    ///   - granularity: bytes, at least 1.
    ///   - limit: how many ranges to return; further holes count as data.
    public func holes(
        granularity: UInt64, limit: Int
    ) throws(SystemError) -> [Range<UInt64>] {
        precondition(granularity > 0 && granularity <= 1 << 40, "a granularity in bytes")
        let size = Int64(clamping: try status().size)
        let number = descriptor.number
        var result: [Range<UInt64>] = []
        var position: Int64 = 0
        while position < size, result.count < limit {
            let start = sealift_file_next_hole(number, position)
            if start == -Int64(EINVAL) || start == -Int64(EOPNOTSUPP) || start == -Int64(ENXIO) {
                break
            }
            try checked(start, "find hole")
            guard start < size else { break }
            // No data behind it: the hole goes to the end.
            let data = sealift_file_next_data(number, start)
            let end = data == -Int64(ENXIO) ? size : min(try checked(data, "find data"), size)
            // A file that changes meanwhile could answer with a place that is no progress.
            guard end > start else { break }
            position = end

            let first = (UInt64(start) + granularity - 1) / granularity * granularity
            let last = UInt64(end) / granularity * granularity
            if first < last { result.append(first..<last) }
        }
        return result
    }
}
