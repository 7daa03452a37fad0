//! Verdicts from outside the crate: the real texts as the exam, and the policy as a table.

#[cfg(test)]
mod bounces;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod policy;
