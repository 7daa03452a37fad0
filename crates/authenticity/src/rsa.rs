//! Making RSA keys, which ring cannot: two primes, and the numbers that follow from them.

use crate::AuthenticityError;
use crate::der;
use crypto_bigint::rand_core::UnwrapErr;
use crypto_bigint::{NonZero, Odd, U1024, U2048};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use getrandom::SysRng;

/// The public exponent that everybody uses (FIPS 186-5 §5.1 wants it odd and above 2^16).
const EXPONENT: u32 = 65_537;
/// FIPS 186-5 §A.1.3: primes that share so many leading bits could be found from the modulus.
const LEAST_DISTANCE_BITS: u32 = 1_024 - 100;

/// A new RSA key of 2,048 bits, as PKCS #8.
pub(crate) fn generate_2048() -> Result<Vec<u8>, AuthenticityError> {
    // The prime search has no way to say that random numbers ran out: it is asked here, first.
    getrandom::fill(&mut [0_u8; 32]).map_err(|_| AuthenticityError::NoRandomness)?;
    loop {
        let (first, second) = (prime()?, prime()?);
        let (p, q) = if first > second { (first, second) } else { (second, first) };
        if let Some(key) = key_of(&p, &q) {
            return Ok(key);
        }
    }
}

/// A prime of 1,024 bits whose two top bits are set, so that a product of two has 2,048.
fn prime() -> Result<U1024, AuthenticityError> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, U1024::BITS, SetBits::TwoMsb)
        .map_err(|_| AuthenticityError::NoRandomness)?;
    let found = sieve_and_find(&mut UnwrapErr(SysRng), sieve, |_, candidate: &U1024| {
        is_prime(Flavor::Any, candidate)
    });
    found.ok().flatten().ok_or(AuthenticityError::NoRandomness)
}

/// The key of two primes, the larger first; `None` when they do not go together.
fn key_of(p: &U1024, q: &U1024) -> Option<Vec<u8>> {
    if p.wrapping_sub(q).bits() <= LEAST_DISTANCE_BITS {
        return None;
    }
    let one = U1024::ONE;
    let n: U2048 = p.concatenating_mul(q);
    let (p_less, q_less) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let totient: U2048 = p_less.concatenating_mul(&q_less);
    let e = U2048::from(EXPONENT);
    // There is no inverse when the exponent divides p-1 or q-1.
    let d = Option::<U2048>::from(e.invert_mod(&Option::from(NonZero::new(totient))?))?;
    let d_p: U1024 = d.rem(&Option::from(NonZero::new(p_less))?);
    let d_q: U1024 = d.rem(&Option::from(NonZero::new(q_less))?);
    let modulus: Odd<U1024> = Option::from(Odd::new(*p))?;
    let q_inverse = Option::<U1024>::from(q.invert_odd_mod(&modulus))?;
    let wide = |number: &U2048| number.to_be_bytes().as_ref().to_vec();
    let narrow = |number: &U1024| number.to_be_bytes().as_ref().to_vec();
    let numbers =
        [wide(&n), wide(&e), wide(&d), narrow(p), narrow(q), narrow(&d_p), narrow(&d_q), narrow(&q_inverse)];
    Some(der::rsa_private_key(&numbers.each_ref().map(Vec::as_slice)))
}
