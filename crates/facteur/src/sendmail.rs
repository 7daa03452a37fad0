//! The doors that every Unix program knows: `sendmail`, `newaliases`, `postsuper`.
mod letter;
mod options;
