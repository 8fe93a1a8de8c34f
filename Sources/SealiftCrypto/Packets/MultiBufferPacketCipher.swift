#if canImport(CIPSecMB) && arch(x86_64)
    import CIPSecMB

    /// AES-256-GCM of Intel's IPsec-MB with the expanded key kept: no allocation and no key schedule
    /// per packet.
    final class MultiBufferPacketCipher: @unchecked Sendable {
        // @unchecked Sendable: the expanded key is written in init and wiped in deinit, and only read
        // between; each call has its own context on its stack.
        private let expandedKey: UnsafeMutablePointer<gcm_key_data>
        private let encrypt: aes_gcm_enc_dec_t
        private let decrypt: aes_gcm_enc_dec_t

        /// Expands `key`, 32 bytes; nil where the library cannot be used.
        init?(key: SecretBytes) {
            guard key.count == Int(IMB_KEY_256_BYTES.rawValue),
                let manager = MultiBufferManager.shared?.manager,
                let precompute = manager.pointee.gcm256_pre,
                let encrypt = manager.pointee.gcm256_enc,
                let decrypt = manager.pointee.gcm256_dec
            else { return nil }
            // The library loads the key schedule in vectors of 64 bytes.
            expandedKey = UnsafeMutableRawPointer.allocate(
                byteCount: MemoryLayout<gcm_key_data>.stride, alignment: 64
            ).bindMemory(to: gcm_key_data.self, capacity: 1)
            expandedKey.initialize(to: gcm_key_data())
            self.encrypt = encrypt
            self.decrypt = decrypt
            key.withUnsafeBytes { precompute($0.baseAddress, expandedKey) }
        }

        deinit {
            wipe(
                UnsafeMutableRawBufferPointer(
                    start: expandedKey, count: MemoryLayout<gcm_key_data>.stride))
            UnsafeMutableRawPointer(expandedKey).deallocate()
        }

        func seal(
            nonce: PacketNonce, header: UnsafeRawBufferPointer,
            text: UnsafeMutableRawBufferPointer, tag: UnsafeMutableRawBufferPointer
        ) -> Bool {
            guard let tagBase = tag.baseAddress, tag.count == 16 else { return false }
            let textBase = (text.baseAddress ?? tagBase).assumingMemoryBound(to: UInt8.self)
            run(
                encrypt, nonce, header, from: textBase, to: textBase, count: text.count,
                tag: tagBase)
            return true
        }

        func open(
            nonce: PacketNonce, header: UnsafeRawBufferPointer,
            ciphertext: UnsafeRawBufferPointer, tag: UnsafeRawBufferPointer,
            into plaintext: UnsafeMutableRawBufferPointer
        ) -> Bool {
            guard tag.count == 16, plaintext.count == ciphertext.count else { return false }
            return withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { computed in
                guard let computedBase = computed.baseAddress else { return false }
                let source = UnsafeRawPointer(
                    ciphertext.baseAddress ?? UnsafeRawPointer(computedBase))
                run(
                    decrypt, nonce, header, from: source.assumingMemoryBound(to: UInt8.self),
                    to: (plaintext.baseAddress ?? computedBase).assumingMemoryBound(to: UInt8.self),
                    count: ciphertext.count, tag: computedBase)
                // The library decrypts without verifying. Nothing unauthentic may stay where a caller
                // could read it, and how much of the tag was right must not show.
                guard constantTimeEquals(UnsafeRawBufferPointer(computed), tag) else {
                    wipe(plaintext)
                    return false
                }
                return true
            }
        }

        private func run(
            _ function: aes_gcm_enc_dec_t, _ nonce: PacketNonce, _ header: UnsafeRawBufferPointer,
            from source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int,
            tag: UnsafeMutableRawPointer
        ) {
            var context = gcm_context_data()
            nonce.withUnsafeBytes { nonce in
                function(
                    expandedKey, &context, target, source, UInt64(count),
                    nonce.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    header.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(header.count),
                    tag.assumingMemoryBound(to: UInt8.self), 16)
            }
        }
    }
#endif
