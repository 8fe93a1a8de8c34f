import SealiftBase
import Testing

@Suite("Object buffer")
struct ObjectBufferTests {
    @Test("holds a copy of what it was made from")
    func copying() {
        let content: [UInt8] = [1, 2, 3, 4, 5]
        let buffer = ObjectBuffer(copying: content)
        #expect(buffer.count == 5 && Array(buffer.bytes) == content)
        #expect(ObjectBuffer(count: 0).count == 0)
        #expect(UInt(bitPattern: ObjectBuffer(count: 100).bytes.baseAddress) % 64 == 0)
    }

    @Test("takes hints for ranges that it has not", arguments: [0..<0, 0..<10, 5..<900, 50..<60])
    func prefetching(range: Range<Int>) {
        for count in [0, 1, 10] {
            let buffer = ObjectBuffer(copying: [UInt8](repeating: 7, count: count))
            buffer.prefetch(forReading: range)
            buffer.prefetch(forWriting: range)
            #expect(Array(buffer.bytes) == [UInt8](repeating: 7, count: count))
        }
    }
}
