//! When a certificate ends, and whether it signed itself: the few fields of X.509 (RFC 5280 §4.1) that nobody else reads
//! out for us.

use mail::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// What is told of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    /// The last moment at which it is good.
    pub ends: Timestamp,
    /// Whether its issuer is its subject.
    pub is_self_signed: bool,
}

/// Reads a certificate in DER form; `None` when it is none.
pub(super) fn of(der: &[u8]) -> Option<Validity> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    let (_, _serial, rest) = element(fields)?;
    let (_, _algorithm, rest) = element(rest)?;
    let (_, issuer, rest) = element(rest)?;
    let (kind, validity, rest) = element(rest)?;
    let (_, subject, _) = element(rest)?;
    let (_, _begins, rest) = element(validity)?;
    let (form, ends, _) = element(rest)?;
    (kind == SEQUENCE).then_some(())?;
    Some(Validity { ends: moment(form, std::str::from_utf8(ends).ok()?)?, is_self_signed: issuer == subject })
}

/// The first element: its tag, what is in it, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Four bytes of length are more than any certificate has.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

/// `YYMMDDHHMMSSZ`, where 50 is 1950, or the same with four digits of year (RFC 5280 §4.1.2.5).
fn moment(form: u8, text: &str) -> Option<Timestamp> {
    let (year, rest) = match form {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let digits = rest.strip_suffix('Z').filter(|digits| digits.len() == 10)?;
    let part = |at: usize| digits.get(at..at + 2)?.parse::<i64>().ok();
    let days = days(year, part(0)?, part(2)?);
    Some(Timestamp((((days * 24 + part(4)?) * 60 + part(6)?) * 60 + part(8)?) * 1_000))
}

/// Days since 1970 of a date in the Gregorian calendar; years that begin in March, so that the odd day comes last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn moments_are_read_in_both_forms() {
        for (form, text, secs) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "260228235959Z", Some(1_772_323_199)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "500101000000Z", Some(-631_152_000)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "20000229120000Z", Some(951_825_600)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "20000229120000+0100", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "é60228235959Z", None),
            (0x02, "700101000000Z", None),
        ] {
            assert_eq!(moment(form, text), secs.map(|secs| Timestamp(secs * 1_000)), "{text}");
        }
    }

    #[test]
    fn the_end_of_a_certificate_is_read() {
        for (year, of_issuer) in [(2031, true), (2055, false)] {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(["a.test".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, 3, 1);
            let made = params.clone().self_signed(&key).unwrap();
            let der = if of_issuer {
                made.der().to_vec()
            } else {
                let mut other = CertificateParams::new(["b.test".to_owned()]).unwrap();
                other.distinguished_name.push(rcgen::DnType::CommonName, "other");
                let issuer = rcgen::Issuer::new(other, KeyPair::generate().unwrap());
                params.signed_by(&key, &issuer).unwrap().der().to_vec()
            };
            let validity = of(&der).unwrap();
            assert_eq!(validity.is_self_signed, of_issuer);
            let days = days(i64::from(year), 3, 1);
            assert_eq!(validity.ends, Timestamp(days * 86_400_000));
            for cut in 0..der.len() {
                let _ = of(&der[..cut]);
            }
        }
        assert_eq!(of(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }
}
