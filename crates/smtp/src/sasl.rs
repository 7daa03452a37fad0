//! Signing in by PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login), both ends. The bytes of a
//! password live in a [`Secret`] or in a buffer that is overwritten before it is freed.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::Secret;

/// A way of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Login and password in one answer.
    Plain,
    /// Login, then password: old, and the only one that some programs know.
    Login,
}

impl Mechanism {
    /// The name in the protocol.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// The mechanism of that name, in any case.
    pub fn of_name(name: &[u8]) -> Option<Self> {
        [Self::Plain, Self::Login].into_iter().find(|m| name.eq_ignore_ascii_case(m.name().as_bytes()))
    }
}

/// `Username:` and `Password:` as LOGIN asks for them, encoded.
pub(crate) const LOGIN_PROMPTS: [&str; 2] = ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"];

/// The most bytes of a login: an address (RFC 5321 §4.5.3.1) fits.
const MAX_LOGIN_BYTES: usize = 320;

/// What a client signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub login: String,
    /// The password.
    pub password: Secret,
}

/// Reads the client's answer within PLAIN, encoded.
pub fn read_plain(answer: &[u8]) -> Result<Credentials, Error> {
    let mut bytes = decode(answer)?;
    let read = split_plain(&bytes);
    bytes.fill(0);
    read
}

fn split_plain(bytes: &[u8]) -> Result<Credentials, Error> {
    let mut parts = bytes.split(|&b| b == 0);
    let (Some(acting_for), Some(login), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::AuthEncoding);
    };
    // RFC 4616 §2 lets somebody sign in as one person to act for another. Nobody here may, so
    // naming oneself is all that is left.
    if !acting_for.is_empty() && acting_for != login {
        return Err(Error::AuthEncoding);
    }
    let password = std::str::from_utf8(password).map_err(|_| Error::AuthEncoding)?;
    Ok(Credentials { login: login_text(login)?, password: Secret::new(password) })
}

/// Reads the login within LOGIN, encoded.
pub fn read_login(answer: &[u8]) -> Result<String, Error> {
    login_text(&decode(answer)?)
}

/// Reads the password within LOGIN, encoded.
pub fn read_password(answer: &[u8]) -> Result<Secret, Error> {
    String::from_utf8(decode(answer)?).map(Secret::new).map_err(|_| Error::AuthEncoding)
}

fn login_text(bytes: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::AuthEncoding)?;
    let fine = !text.is_empty() && text.len() <= MAX_LOGIN_BYTES && !text.contains(char::is_control);
    if fine { Ok(text.to_owned()) } else { Err(Error::AuthEncoding) }
}

/// Strict Base64 (RFC 4648 §4): padded, no line ends, no bits left over. `*` takes the sign-in
/// back, and a lone `=` is the empty answer (RFC 4954 §4).
fn decode(answer: &[u8]) -> Result<Vec<u8>, Error> {
    match answer {
        b"*" => Err(Error::AuthCancelled),
        b"=" => Ok(Vec::new()),
        _ => STANDARD.decode(answer).map_err(|_| Error::AuthEncoding),
    }
}

/// The client's answer within PLAIN, encoded.
pub fn plain(login: &str, password: &Secret) -> Secret {
    let clear = Secret::new(format!("\0{login}\0{}", password.reveal()));
    Secret::new(STANDARD.encode(clear.reveal()))
}

/// The client's answers within LOGIN, encoded: login, then password.
pub fn login(login: &str, password: &Secret) -> [Secret; 2] {
    [Secret::new(STANDARD.encode(login)), Secret::new(STANDARD.encode(password.reveal()))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(answer: &str, expected: Result<(&str, &str), Error>) {
        let read = read_plain(answer.as_bytes());
        let read = read.as_ref().map(|c| (c.login.as_str(), c.password.reveal())).map_err(|&e| e);
        assert_eq!(read, expected, "{answer}");
    }

    #[test]
    fn plain_answers() {
        check("AGEAYg==", Ok(("a", "b")));
        check("YQBhAGI=", Ok(("a", "b")));
        check("YwBhAGI=", Err(Error::AuthEncoding));
        check("AGEAYg", Err(Error::AuthEncoding));
        check("AGEAYh==", Err(Error::AuthEncoding));
        check("AGEAYg==\r\n", Err(Error::AuthEncoding));
        check("YWI=", Err(Error::AuthEncoding));
        check("AGEAYgA=", Err(Error::AuthEncoding));
        check("AABi", Err(Error::AuthEncoding));
        check("AGEA", Ok(("a", "")));
        check("=", Err(Error::AuthEncoding));
        check("*", Err(Error::AuthCancelled));
        check("AGEA/w==", Err(Error::AuthEncoding));
    }

    #[test]
    fn login_prompts_say_what_they_should() {
        let words = LOGIN_PROMPTS.map(|prompt| STANDARD.decode(prompt).unwrap());
        assert_eq!(words, [b"Username:".to_vec(), b"Password:".to_vec()]);
        assert_eq!(Mechanism::of_name(b"Login"), Some(Mechanism::Login));
        assert_eq!(Mechanism::of_name(b"CRAM-MD5"), None);
    }

    proptest! {
        #[test]
        fn writing_and_reading_are_inverse(name in "[a-zé@.]{1,20}", word in "[^\0]{0,40}") {
            let secret = Secret::new(word);
            let read = read_plain(plain(&name, &secret).reveal().as_bytes()).unwrap();
            prop_assert_eq!((&read.login, &read.password), (&name, &secret));
            let [user, pass] = login(&name, &secret);
            prop_assert_eq!(read_login(user.reveal().as_bytes()).unwrap(), name);
            prop_assert_eq!(read_password(pass.reveal().as_bytes()).unwrap(), secret);
        }
    }
}
