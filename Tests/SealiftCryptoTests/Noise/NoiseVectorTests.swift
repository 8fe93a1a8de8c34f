import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("Noise against published vectors")
struct NoiseVectorTests {
    struct Message: Decodable {
        let payload: String
        let ciphertext: String
    }

    struct OwnVectors: Decodable {
        struct Vector: Decodable {
            let protocol_name: String
            let pattern: [[String]]
            let init_static, resp_static, init_ephemeral, resp_ephemeral: String
            let kem_keygen_seed: String
            let prologue: String
            let psks: [String]
            let messages: [Message]
            let handshake_hash, k1, k2: String
            let kem_ek, kem_ct, kem_ss: String?
        }
        let vectors: [Vector]
    }

    struct Cacophony: Decodable {
        struct Vector: Decodable {
            let protocol_name: String
            let init_prologue, resp_prologue: String
            let init_static, resp_static, init_ephemeral, resp_ephemeral: String?
            let init_remote_static, resp_remote_static: String?
            let init_psks, resp_psks: [String]?
            let handshake_hash: String
            let messages: [Message]
        }
        let vectors: [Vector]
    }

    @Test("every vector of noise.json: messages, hash and keys of both sides")
    func ownVectors() throws {
        let vectors = try Vectors.bundled("noise.json", as: OwnVectors.self).vectors
        #expect(vectors.count == 8)
        for vector in vectors {
            let name = vector.protocol_name
            let knowsResponder = name.hasPrefix("Noise_IK")
            let pattern = NoisePattern(
                protocolName: name, cipher: name.contains("AESGCM") ? .aesGCM : .chaChaPoly,
                responderStaticIsKnown: knowsResponder,
                messages: vector.pattern.map { $0.compactMap(NoiseToken.init(rawValue:)) })
            let kem = ReplayedKeyEncapsulation(
                recorded: Encapsulation(
                    ciphertext: hex(vector.kem_ct),
                    sharedSecret: SecretBytes(copying: hex(vector.kem_ss))))
            let seed = SecretBytes(copying: hex(vector.kem_keygen_seed))
            if let key = vector.kem_ek {
                #expect(try kem.encapsulationKey(of: seed) == hex(key))
            }
            let psks = vector.psks.map { SecretBytes(copying: hex($0)) }
            let responderStatic = try #require(
                AgreementKey(SecretBytes(copying: hex(vector.resp_static))))
            let initiator = NoiseHandshake(
                pattern, side: .initiator, prologue: hex(vector.prologue),
                keys: .init(
                    staticKey: AgreementKey(SecretBytes(copying: hex(vector.init_static))),
                    ephemeral: try #require(
                        AgreementKey(SecretBytes(copying: hex(vector.init_ephemeral)))),
                    encapsulationSeed: seed),
                remoteStatic: knowsResponder ? responderStatic.publicKey : nil,
                preSharedKeys: psks, encapsulation: kem)
            let responder = NoiseHandshake(
                pattern, side: .responder, prologue: hex(vector.prologue),
                keys: .init(
                    staticKey: responderStatic,
                    ephemeral: try #require(
                        AgreementKey(SecretBytes(copying: hex(vector.resp_ephemeral)))),
                    encapsulationSeed: nil),
                preSharedKeys: psks, encapsulation: kem)
            let keys = try run(initiator, responder, vector.messages, name)
            #expect(keys.handshakeHash == hex(vector.handshake_hash), "\(name)")
            #expect(keys.initiatorToResponder.revealed == hex(vector.k1), "\(name)")
            #expect(keys.responderToInitiator.revealed == hex(vector.k2), "\(name)")
        }
    }

    @Test(
        "every 25519 and SHA-256 pattern of cacophony",
        .enabled(if: Vectors.has("cacophony.json"), .init(rawValue: Vectors.absence)))
    func cacophony() throws {
        let all = try Vectors.load("cacophony.json", as: Cacophony.self).vectors
        let vectors = all.filter {
            $0.protocol_name.contains("_25519_") && $0.protocol_name.hasSuffix("_SHA256")
        }
        #expect(vectors.count == 118)
        for vector in vectors {
            let name = vector.protocol_name
            let pattern = try #require(NoisePatternTable.pattern(named: name), "\(name)")
            func side(
                _ side: HandshakeSide, _ prologue: String, _ own: String?, _ ephemeral: String?,
                _ remote: String?, _ psks: [String]?
            ) throws -> NoiseHandshake {
                // A one-way responder has no ephemeral key; any will do, it is never used.
                let ephemeral = ephemeral.map(hex) ?? [UInt8](repeating: 7, count: 32)
                return NoiseHandshake(
                    pattern, side: side, prologue: hex(prologue),
                    keys: .init(
                        staticKey: own.flatMap { AgreementKey(SecretBytes(copying: hex($0))) },
                        ephemeral: try #require(AgreementKey(SecretBytes(copying: ephemeral))),
                        encapsulationSeed: nil),
                    remoteStatic: remote.map { hex($0) },
                    preSharedKeys: (psks ?? []).map { SecretBytes(copying: hex($0)) },
                    encapsulation: DeterministicKeyEncapsulation())
            }
            let keys = try run(
                try side(
                    .initiator, vector.init_prologue, vector.init_static, vector.init_ephemeral,
                    vector.init_remote_static, vector.init_psks),
                try side(
                    .responder, vector.resp_prologue, vector.resp_static, vector.resp_ephemeral,
                    vector.resp_remote_static, vector.resp_psks),
                vector.messages, name)
            #expect(keys.handshakeHash == hex(vector.handshake_hash), "\(name)")
            try checkTransport(keys, vector.messages, pattern)
        }
    }

    /// Runs the handshake messages of a vector and returns the keys that both sides agree on.
    private func run(
        _ initiator: NoiseHandshake, _ responder: NoiseHandshake, _ messages: [Message],
        _ name: String
    ) throws -> NoiseKeys {
        var (writer, reader) = (initiator, responder)
        for message in messages {
            if writer.isFinished { break }
            let written = try writer.writeMessage(payload: hex(message.payload))
            #expect(written == hex(message.ciphertext), "\(name)")
            // A message that fails must leave no trace, even where keys were mixed before it failed.
            #expect(throws: NoiseError.self) { try reader.readMessage([]) }
            #expect(try reader.readMessage(written) == hex(message.payload), "\(name)")
            swap(&writer, &reader)
        }
        #expect(writer.isFinished && reader.isFinished)
        let (left, right) = (writer.split(), reader.split())
        #expect(left.handshakeHash == right.handshakeHash)
        #expect(left.exporter.constantTimeEquals(right.exporter))
        #expect(!left.exporter.constantTimeEquals(left.initiatorToResponder))
        return left
    }

    /// The messages behind the handshake, sealed with the keys of Split.
    private func checkTransport(
        _ keys: NoiseKeys, _ messages: [Message], _ pattern: NoisePattern
    ) throws {
        let isOneWay = pattern.messages.count == 1
        var counters: [UInt64] = [0, 0]
        for (index, message) in messages.enumerated().dropFirst(pattern.messages.count) {
            let way = isOneWay ? 0 : index % 2
            let key = way == 0 ? keys.initiatorToResponder : keys.responderToInitiator
            let sealed = try #require(
                pattern.cipher.seal(
                    hex(message.payload), key: key, counter: counters[way], associatedData: []))
            #expect(sealed == hex(message.ciphertext), "\(pattern.protocolName) \(index)")
            counters[way] += 1
        }
    }
}
