import CCrypto

/// SHA-256 by OpenSSL, which uses the processor's own instructions for it.
enum Fingerprint {
    /// The digest in lower-case hexadecimal, or nil where OpenSSL refuses.
    static func sha256(of bytes: Bytes) -> String? {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let status = bytes.withUnsafeBytes { buffer in
            EVP_Digest(buffer.baseAddress, buffer.count, &digest, &length, EVP_sha256(), nil)
        }
        guard status == 1, length == 32 else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
