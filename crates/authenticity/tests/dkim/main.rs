//! Our signatures before the verifiers of others: dkimpy, and OpenDKIM. `scripts/setup.sh tests` installs both.

#[cfg(test)]
mod mails;
#[cfg(test)]
mod verifiers;
