//! The users of this machine, as `/etc/passwd` lists them (passwd(5)).
//!
//! Pure: it takes the file's text. Users that only a directory service knows are not in it; they count as unknown.

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemUser {
    /// The login name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The full name; empty when there is none.
    pub full_name: String,
}

/// All users of the file, in its order.
pub fn parse(text: &str) -> Vec<SystemUser> {
    text.lines().filter_map(user).collect()
}

fn user(line: &str) -> Option<SystemUser> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']))?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gecos = fields.nth(1).unwrap_or_default();
    // Only the first part is the name; `&` in it stands for the login with a capital (finger(1)).
    let written = gecos.split(',').next().unwrap_or_default().trim();
    let mut letters = name.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    Some(SystemUser { name: name.to_owned(), uid, full_name: written.replace('&', &capital) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_with_their_full_names() {
        let text = "root:x:0:0:root:/root:/bin/bash\nanne:x:1000:1000:Anne Dupont,,,:/home/anne:/bin/sh\n\
                    # nobody\nbob:x:1001:1001:& Jones:/home/bob:/bin/sh\nbad:x:many:0:::\n+::::::\nshort:x:7\n\n";
        let read: Vec<(String, u32, String)> =
            parse(text).into_iter().map(|user| (user.name, user.uid, user.full_name)).collect();
        let user = |name: &str, uid, full: &str| (name.to_owned(), uid, full.to_owned());
        assert_eq!(
            read,
            [
                user("root", 0, "root"),
                user("anne", 1000, "Anne Dupont"),
                user("bob", 1001, "Bob Jones"),
                user("short", 7, "")
            ]
        );
    }
}
