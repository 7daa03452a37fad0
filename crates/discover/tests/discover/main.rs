//! Discovery from the outside: every provider that is known, by each road alone; what is published, under other
//! people's readers; and answers that mean harm.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod published;
#[cfg(test)]
mod roads;
#[cfg(test)]
mod signed;
