//! What several targets say about bytes.

/// The input as text; what is no UTF-8 is replaced.
pub fn text(input: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// Fails unless no line end and no NUL could be smuggled by this text.
pub fn assert_one_line(text: &str) {
    assert!(!text.contains(['\r', '\n', '\0']), "a line end or NUL in {text:?}");
}

/// Fails unless every line ends with CR LF, with no other CR or LF, and no NUL.
pub fn assert_canonical(content: &[u8]) {
    assert!(!content.contains(&0), "a NUL");
    for (at, byte) in content.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| content.get(at));
        match byte {
            b'\n' => assert!(before == Some(&b'\r'), "a bare LF at {at}"),
            b'\r' => assert!(content.get(at + 1) == Some(&b'\n'), "a bare CR at {at}"),
            _ => {}
        }
    }
}

/// The rest of an input, cut into pieces whose lengths its first byte decides.
pub fn pieces(input: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (first, rest) = input.split_first().unwrap_or((&0, &[]));
    let length = usize::from(*first % 61) + 1;
    (rest.chunks(length).collect(), rest)
}
