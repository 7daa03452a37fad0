//! Addresses in running text.

/// The addresses of a line, each with the byte at which it begins.
pub(super) fn in_line(line: &str) -> Vec<(usize, String)> {
    let is_edge = |c: char| c.is_whitespace() || "<>()[]{},;:\"'=`|".contains(c) || !c.is_ascii();
    let mut found = Vec::new();
    let mut at = 0;
    for piece in line.split_inclusive(is_edge) {
        let word = piece.trim_end_matches(is_edge);
        let core = word.trim_end_matches(['.', '!', '?', '*']);
        let start = at + (core.len() - core.trim_start_matches(['.', '*']).len());
        if let Some(address) = plain(core.trim_start_matches(['.', '*'])) {
            found.push((start, address));
        }
        at += piece.len();
    }
    found
}

/// The address that a field of a report gives: `rfc822; <a@example.org>`.
pub(super) fn in_field(value: &str) -> Option<String> {
    let value = value.split_once(';').map_or(value, |(_, value)| value);
    in_line(value).into_iter().next().map(|(_, address)| address)
}

fn plain(word: &str) -> Option<String> {
    let (local, domain) = word.rsplit_once('@')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let good = !local.is_empty()
        && !local.contains('@')
        && domain.len() > 1
        && domain.chars().all(is_name)
        && domain.starts_with(|c: char| c.is_ascii_alphanumeric());
    good.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_and_nothing_else() {
        for (line, addresses) in [
            ("<a@example.org>: no", vec!["a@example.org"]),
            ("  * a@example.org, b@example.net.", vec!["a@example.org", "b@example.net"]),
            ("rfc822;a+b@example.org", vec!["a+b@example.org"]),
            ("@ @@ a@ @b", vec![]),
        ] {
            let found: Vec<String> = in_line(line).into_iter().map(|(_, address)| address).collect();
            assert_eq!(found, addresses, "{line}");
        }
    }
}
