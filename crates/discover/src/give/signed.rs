//! A signed profile: the document within a signature of the server's own (CMS, RFC 5652 §5), so that a telephone shows who
//! made it. The key stays with whoever holds it; here are only the forms.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Null, ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _};
use ring::digest;
use x509_cert::Certificate;
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::spki::AlgorithmIdentifierOwned;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// How the key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSA, PKCS #1 v1.5, SHA-256.
    RsaSha256,
    /// ECDSA on P-256, SHA-256.
    EcdsaSha256,
    /// ECDSA on P-384, SHA-384.
    EcdsaSha384,
}

/// Who signs.
pub struct Signer<'a> {
    /// The certificates (DER), its own first.
    pub chain: &'a [Vec<u8>],
    /// How the key signs.
    pub scheme: Scheme,
    /// Signs a message; `None` when that failed.
    pub sign: &'a dyn Fn(&[u8]) -> Option<Vec<u8>>,
}

/// Why a profile was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There is no certificate, or one that cannot be read.
    /// Usual cause: a certificate that is not as RFC 5280 wants it.
    #[error("the certificate cannot be read: {detail}")]
    Certificate {
        /// What is wrong with it.
        detail: String,
    },
    /// The key did not sign.
    /// Usual cause: the system has no random numbers to give.
    #[error("the key did not sign")]
    Key,
}

impl From<der::Error> for SignError {
    fn from(error: der::Error) -> Self {
        Self::Certificate { detail: error.to_string() }
    }
}

/// A document within its signature (DER).
pub fn signed(document: &str, signer: &Signer<'_>) -> Result<Vec<u8>, SignError> {
    let certificates =
        signer.chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
    let own = certificates.first().ok_or_else(|| SignError::Certificate { detail: "none".to_owned() })?;
    let id = IssuerAndSerialNumber {
        issuer: own.tbs_certificate.issuer.clone(),
        serial_number: own.tbs_certificate.serial_number.clone(),
    };
    let (digest, digest_id, signature_algorithm) = algorithms(signer.scheme);
    let digest_alg = AlgorithmIdentifierOwned { oid: digest_id, parameters: None };
    let hash = digest::digest(digest, document.as_bytes());
    let attributes = Attributes::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&DATA)?)?,
        attribute(MESSAGE_DIGEST, Any::encode_from(&OctetString::new(hash.as_ref())?)?)?,
    ])?;
    // RFC 5652 §5.4: signed is the SET OF itself, not the form with the tag [0] that is sent.
    let signature = (signer.sign)(&attributes.to_der()?).ok_or(SignError::Key)?;
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(id),
        digest_alg: digest_alg.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm,
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let chain = certificates.into_iter().map(CertificateChoices::Certificate).collect::<Vec<_>>();
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest_alg])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: DATA,
            econtent: Some(Any::encode_from(&OctetString::new(document.as_bytes())?)?),
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(chain)?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    };
    let whole = ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data)? };
    Ok(whole.to_der()?)
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, der::Error> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}

/// The digest, its name, and the name of the signature (RFC 3370 §3.2, RFC 5754 §3).
fn algorithms(scheme: Scheme) -> (&'static digest::Algorithm, ObjectIdentifier, AlgorithmIdentifierOwned) {
    let plain = |oid| AlgorithmIdentifierOwned { oid, parameters: None };
    match scheme {
        Scheme::RsaSha256 => {
            let parameters = Some(Any::from(Null));
            (&digest::SHA256, SHA_256, AlgorithmIdentifierOwned { oid: RSA, parameters })
        }
        Scheme::EcdsaSha256 => (&digest::SHA256, SHA_256, plain(ECDSA_SHA_256)),
        Scheme::EcdsaSha384 => (&digest::SHA384, SHA_384, plain(ECDSA_SHA_384)),
    }
}
