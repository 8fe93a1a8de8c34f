#if canImport(CIPSecMB) && arch(x86_64)
    import CIPSecMB
    import Synchronization

    /// One manager of Intel's IPsec multi-buffer library: its function pointers for this processor,
    /// and the lanes in which it hashes.
    ///
    /// A manager may be used by one thread at a time. The direct AES-GCM functions keep nothing in
    /// it, so ``shared`` serves all threads for those; whoever hashes borrows one of his own.
    final class MultiBufferManager: @unchecked Sendable {
        // @unchecked Sendable: `shared` is only read after it was made (its function pointers); any
        // other manager is held by one caller between `borrow` and `giveBack`, and the lock of the
        // pool orders the callers.
        let manager: UnsafeMutablePointer<IMB_MGR>

        /// What a manager is for.
        enum Purpose {
            case sealing, hashing
        }

        /// Makes a manager; nil where the processor lacks what constant-time AES-GCM needs.
        init?(for purpose: Purpose) {
            guard let manager = alloc_mb_mgr(0) else { return nil }
            let shaInstructions: UInt64 = 1 << 0  // IMB_FEATURE_SHANI
            let wideVectors: UInt64 = 1 << 7  // IMB_FEATURE_AVX512F
            let features = manager.pointee.features
            if purpose == .hashing, features & shaInstructions != 0, features & wideVectors == 0 {
                // Two messages in turns through the SHA instructions beat eight AVX2 lanes; the
                // library uses those instructions in its SSE code only.
                init_mb_mgr_sse(manager)
            } else {
                init_mb_mgr_auto(manager, nil)
            }
            // Without AES-NI the library falls back to tables, which leak by timing.
            let needed: UInt64 = 1 << 1 | 1 << 2  // IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ
            guard manager.pointee.features & needed == needed,
                manager.pointee.used_arch > IMB_ARCH_NOAESNI.rawValue,
                manager.pointee.imb_errno == 0
            else {
                free_mb_mgr(manager)
                return nil
            }
            self.manager = manager
        }

        deinit {
            free_mb_mgr(manager)
        }

        /// The one for direct functions; nil where the library cannot be used.
        static let shared = MultiBufferManager(for: .sealing)

        /// Managers that nobody uses now: never more than threads that hashed at the same time.
        private static let idle = Mutex<[MultiBufferManager]>([])

        /// Lends a manager that nobody else uses for the time of `body`; nil where the library cannot
        /// be used.
        static func withExclusiveManager<Result>(
            _ body: (UnsafeMutablePointer<IMB_MGR>) -> Result
        ) -> Result? {
            guard shared != nil,
                let lent = idle.withLock({ $0.popLast() }) ?? MultiBufferManager(for: .hashing)
            else { return nil }
            defer { idle.withLock { $0.append(lent) } }
            return body(lent.manager)
        }
    }
#endif
