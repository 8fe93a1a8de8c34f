#if canImport(CIPSecMB) && arch(x86_64)
    import CIPSecMB
    import SealiftBase

    /// SHA-256 of many blocks side by side, in the vector lanes of IPsec-MB.
    enum MultiBufferHasher {
        /// A lane counts its message in 16 bits; this leaves room for the padding.
        private static let longestBlock = 32_768
        /// Below so many blocks the lanes run emptier than one fast hash after the other.
        private static let fewestBlocks = 4
        /// Blocks handed over before results are collected; the library queues at most 256.
        private static let batch = 64

        /// As ``SHA256Digest/hashBlocks(of:blockSize:into:)``.
        /// - Returns: false, with nothing done, where another way is better or the only one.
        static func hashBlocks(
            of bytes: UnsafeRawBufferPointer, blockSize: Int,
            into out: UnsafeMutableBufferPointer<Hash256>
        ) -> Bool {
            let count = (bytes.count + blockSize - 1) / blockSize
            guard blockSize <= longestBlock, count >= fewestBlocks, let base = bytes.baseAddress
            else { return false }
            let isDone = MultiBufferManager.withExclusiveManager { manager in
                withUnsafeTemporaryAllocation(
                    byteCount: batch * Hash256.byteCount, alignment: 64
                ) { digests in
                    for first in stride(from: 0, to: count, by: batch) {
                        let last = min(first + batch, count)
                        for index in first..<last {
                            let start = index * blockSize
                            submit(
                                base + start, count: min(blockSize, bytes.count - start),
                                to: manager,
                                digest: digests.baseAddress.map {
                                    $0 + (index - first) * Hash256.byteCount
                                })
                        }
                        // All of them, so that the manager goes back with nothing queued.
                        while manager.pointee.flush_job(manager) != nil {}
                        for index in first..<last {
                            let place = (index - first) * Hash256.byteCount
                            let digest = UnsafeRawBufferPointer(
                                rebasing: digests[place..<(place + Hash256.byteCount)])
                            out[index] = Hash256(digest) ?? .zero
                        }
                    }
                    return true
                }
            }
            return isDone ?? false
        }

        private static func submit(
            _ block: UnsafeRawPointer, count: Int, to manager: UnsafeMutablePointer<IMB_MGR>,
            digest: UnsafeMutableRawPointer?
        ) {
            guard let job = manager.pointee.get_next_job(manager) else { return }
            job.pointee.cipher_mode = IMB_CIPHER_NULL
            job.pointee.cipher_direction = IMB_DIR_ENCRYPT
            job.pointee.chain_order = IMB_ORDER_HASH_CIPHER
            job.pointee.hash_alg = IMB_AUTH_SHA_256
            job.pointee.src = block.assumingMemoryBound(to: UInt8.self)
            job.pointee.hash_start_src_offset_in_bytes = 0
            job.pointee.msg_len_to_hash_in_bytes = UInt64(count)
            job.pointee.auth_tag_output = digest?.assumingMemoryBound(to: UInt8.self)
            job.pointee.auth_tag_output_len_in_bytes = UInt64(Hash256.byteCount)
            // Whatever completes early has already written its digest.
            _ = manager.pointee.submit_job_nocheck(manager)
        }
    }
#endif
