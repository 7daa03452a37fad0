//! Letters as another program reads them.

#[cfg(test)]
mod reading;
