//! The few forms of DER (X.690) that keys are written in.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// AlgorithmIdentifier of rsaEncryption (RFC 8017 §A.1), with its NULL.
const RSA_ENCRYPTION: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    match significant.as_slice() {
        [] => der.push(0),
        [short] if *short < 0x80 => der.push(*short),
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            der.extend_from_slice(long);
        }
    }
    der.extend_from_slice(content);
    der
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SEQUENCE, &parts.concat())
}

/// A number that is not negative, from its bytes, most significant first.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let bare: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    // A set top bit would make it negative.
    let padded =
        if bare.first().is_none_or(|byte| *byte >= 0x80) { [&[0], bare.as_slice()].concat() } else { bare };
    tagged(INTEGER, &padded)
}

/// RSAPrivateKey (RFC 8017 §A.1.2) of these numbers, in its order after the version, wrapped as PKCS #8 (RFC 5208 §5).
pub(crate) fn rsa_private_key(numbers: &[&[u8]]) -> Vec<u8> {
    let version = integer(&[0]);
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| integer(number)).collect();
    let key = sequence(&[&version, &numbers]);
    sequence(&[&version, RSA_ENCRYPTION, &tagged(OCTET_STRING, &key)])
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1) of an RSAPublicKey.
pub(crate) fn rsa_public_key_info(public_key: &[u8]) -> Vec<u8> {
    let unused_bits: &[u8] = &[0];
    sequence(&[RSA_ENCRYPTION, &tagged(BIT_STRING, &[unused_bits, public_key].concat())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_signs() {
        assert_eq!(integer(&[0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(tagged(SEQUENCE, &[1; 127])[..2], [0x30, 127]);
        assert_eq!(tagged(SEQUENCE, &[1; 128])[..3], [0x30, 0x81, 128]);
        assert_eq!(tagged(SEQUENCE, &[1; 300])[..4], [0x30, 0x82, 1, 44]);
        assert_eq!(sequence(&[]), [0x30, 0]);
    }
}
