//! Programs that send mail for a web site or a server, and how each wants its settings written.

use super::Account;
use crate::server::Tls;
use std::fmt;
use std::str::FromStr;

/// A program whose settings are a text to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// msmtp's `~/.msmtprc`.
    Msmtp,
    /// Postfix, sending through this server.
    Postfix,
    /// PHP with PHPMailer.
    Php,
    /// WordPress, as a plugin of one file.
    WordPress,
    /// Django's `settings.py`.
    Django,
    /// Rails' `config/environments/production.rb`.
    Rails,
    /// Laravel's `.env`.
    Laravel,
    /// Node.js with Nodemailer.
    Node,
}

/// Why a name is no program's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a program whose settings are known")]
pub struct UnknownProgram(pub String);

impl Program {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Msmtp,
        Self::Postfix,
        Self::Php,
        Self::WordPress,
        Self::Django,
        Self::Rails,
        Self::Laravel,
        Self::Node,
    ];

    /// The name to type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Msmtp => "msmtp",
            Self::Postfix => "postfix",
            Self::Php => "php",
            Self::WordPress => "wordpress",
            Self::Django => "django",
            Self::Rails => "rails",
            Self::Laravel => "laravel",
            Self::Node => "node",
        }
    }

    /// The settings of an account.
    pub fn settings(self, account: &Account<'_>) -> String {
        let (server, login) = (account.outgoing.server, account.outgoing.login);
        let own = Own {
            host: &server.host,
            port: server.port,
            implicit: server.tls == Tls::Implicit,
            login,
            from: account.address.to_ascii_domain(),
        };
        match self {
            Self::Msmtp => own.msmtp(),
            Self::Postfix => own.postfix(),
            Self::Php => own.php(),
            Self::WordPress => own.wordpress(),
            Self::Django => own.django(),
            Self::Rails => own.rails(),
            Self::Laravel => own.laravel(),
            Self::Node => own.node(),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Program {
    type Err = UnknownProgram;

    fn from_str(text: &str) -> Result<Self, UnknownProgram> {
        let found = Self::ALL.into_iter().find(|program| program.as_str() == text);
        found.ok_or_else(|| UnknownProgram(text.to_owned()))
    }
}

/// What all of them want.
struct Own<'a> {
    host: &'a str,
    port: u16,
    implicit: bool,
    login: &'a str,
    from: String,
}

/// A text between these marks, with a backslash before each of the characters that would end it or begin something.
fn quoted(text: &str, mark: char, special: &[char]) -> String {
    let mut written = String::from(mark);
    for char in text.chars() {
        if special.contains(&char) {
            written.push('\\');
        }
        written.push(char);
    }
    written.push(mark);
    written
}

/// A string of PHP, Python or Ruby in single quotes, in which nothing but the quote and the backslash is special.
fn single(text: &str) -> String {
    quoted(text, '\'', &['\'', '\\'])
}

impl Own<'_> {
    fn msmtp(&self) -> String {
        let Self { host, port, .. } = self;
        let starttls = if self.implicit { "off" } else { "on" };
        let login = quoted(self.login, '"', &['"', '\\']);
        let from = quoted(&self.from, '"', &['"', '\\']);
        format!(
            "# ~/.msmtprc\ndefaults\nauth on\ntls on\n\naccount default\nhost {host}\nport {port}\n\
             tls_starttls {starttls}\nfrom {from}\nuser {login}\npasswordeval \"cat ~/.msmtp-password\"\n"
        )
    }

    fn postfix(&self) -> String {
        let Self { host, port, login, .. } = self;
        let wrapper = if self.implicit { "smtp_tls_wrappermode = yes\n" } else { "" };
        format!(
            "# /etc/postfix/main.cf\nrelayhost = [{host}]:{port}\nsmtp_sasl_auth_enable = yes\n\
             smtp_sasl_password_maps = texthash:/etc/postfix/sasl_passwd\nsmtp_sasl_tls_security_options = noanonymous\n\
             smtp_tls_security_level = secure\nsmtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt\n{wrapper}\n\
             # /etc/postfix/sasl_passwd (chmod 600)\n[{host}]:{port} {login}:PASSWORD\n"
        )
    }

    fn mailer(&self, variable: &str, indent: &str) -> String {
        let secure = if self.implicit { "ssl" } else { "tls" };
        let lines = [
            "isSMTP();".to_owned(),
            format!("Host = {};", single(self.host)),
            format!("Port = {};", self.port),
            format!("SMTPSecure = '{secure}';"),
            "SMTPAuth = true;".to_owned(),
            format!("Username = {};", single(self.login)),
            "Password = getenv('SMTP_PASSWORD');".to_owned(),
            format!("From = {};", single(&self.from)),
        ];
        lines.iter().map(|line| format!("{indent}${variable}->{line}\n")).collect()
    }

    fn php(&self) -> String {
        let mailer = self.mailer("mail", "");
        format!("<?php\n$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);\n{mailer}")
    }

    fn wordpress(&self) -> String {
        let mailer = self.mailer("mail", "    ");
        format!(
            "<?php\n// wp-content/mu-plugins/smtp.php\nadd_action('phpmailer_init', function ($mail) {{\n{mailer}}});\n"
        )
    }

    fn django(&self) -> String {
        let tls = if self.implicit { "EMAIL_USE_SSL" } else { "EMAIL_USE_TLS" };
        format!(
            "# settings.py\nimport os\n\nEMAIL_HOST = {}\nEMAIL_PORT = {}\n{tls} = True\nEMAIL_HOST_USER = {}\n\
             EMAIL_HOST_PASSWORD = os.environ['SMTP_PASSWORD']\nDEFAULT_FROM_EMAIL = {}\n",
            single(self.host),
            self.port,
            single(self.login),
            single(&self.from)
        )
    }

    fn rails(&self) -> String {
        let tls = if self.implicit { "tls: true" } else { "enable_starttls: true" };
        format!(
            "# config/environments/production.rb\nconfig.action_mailer.delivery_method = :smtp\n\
             config.action_mailer.default_options = {{ from: {} }}\nconfig.action_mailer.smtp_settings = {{\n  \
             address: {},\n  port: {},\n  {tls},\n  authentication: :plain,\n  user_name: {},\n  \
             password: ENV.fetch('SMTP_PASSWORD')\n}}\n",
            single(&self.from),
            single(self.host),
            self.port,
            single(self.login)
        )
    }

    fn laravel(&self) -> String {
        let scheme = if self.implicit { "smtps" } else { "smtp" };
        // Between double quotes, `$` would name a variable.
        let double = |text: &str| quoted(text, '"', &['"', '\\', '$']);
        format!(
            "# .env\nMAIL_MAILER=smtp\nMAIL_SCHEME={scheme}\nMAIL_HOST={}\nMAIL_PORT={}\nMAIL_USERNAME={}\n\
             MAIL_PASSWORD=\nMAIL_FROM_ADDRESS={}\n",
            self.host,
            self.port,
            double(self.login),
            double(&self.from)
        )
    }

    fn node(&self) -> String {
        let tls = if self.implicit { "secure: true" } else { "secure: false,\n  requireTLS: true" };
        format!(
            "import nodemailer from 'nodemailer';\n\nexport const mail = nodemailer.createTransport({{\n  host: {},\n  \
             port: {},\n  {tls},\n  auth: {{ user: {}, pass: process.env.SMTP_PASSWORD }}\n}}, {{ from: {} }});\n",
            single(self.host),
            self.port,
            single(self.login),
            single(&self.from)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::give::Side;
    use crate::server::{Protocol, Server};

    fn settings(program: Program, port: u16, tls: Tls, login: &str) -> String {
        let server = Server::at(Protocol::Smtp, "smtp.example.org", port, tls);
        let address = "anne@example.org".parse().unwrap();
        let outgoing = Side { server: &server, login };
        program.settings(&Account { address: &address, incoming: None, outgoing })
    }

    #[test]
    fn each_program_is_told_server_port_name_and_tls() {
        for program in Program::ALL {
            for (port, tls) in [(587, Tls::Starttls), (465, Tls::Implicit)] {
                let text = settings(program, port, tls, "anne@example.org");
                for part in ["smtp.example.org", &port.to_string(), "anne@example.org"] {
                    assert!(text.contains(part), "{program}: {part}\n{text}");
                }
            }
            let (plain, implicit) =
                (settings(program, 2525, Tls::Starttls, "a"), settings(program, 2525, Tls::Implicit, "a"));
            assert_ne!(plain, implicit, "{program} is not told how TLS begins");
            assert_eq!(program.as_str().parse(), Ok(program));
        }
        assert!("emacs".parse::<Program>().is_err());
    }

    #[test]
    fn a_user_name_cannot_become_code() {
        let hostile = "a'); system('x'); \"; $(x) \\";
        for (program, written) in [
            (Program::Php, r#"'a\'); system(\'x\'); "; $(x) \\'"#),
            (Program::WordPress, r#"'a\'); system(\'x\'); "; $(x) \\'"#),
            (Program::Django, r#"'a\'); system(\'x\'); "; $(x) \\'"#),
            (Program::Rails, r#"'a\'); system(\'x\'); "; $(x) \\'"#),
            (Program::Node, r#"'a\'); system(\'x\'); "; $(x) \\'"#),
            (Program::Laravel, r#""a'); system('x'); \"; \$(x) \\""#),
            (Program::Msmtp, r#""a'); system('x'); \"; $(x) \\""#),
        ] {
            let text = settings(program, 587, Tls::Starttls, hostile);
            assert!(text.contains(written), "{program}:\n{text}");
        }
    }
}
