//! What another program reads in our letters: Python's parser of mail, with its strict policy.

use letter::{Attachment, Letter, Party};
use mail::Timestamp;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Reads a message on its input, and prints what it found; a defect anywhere ends it.
const READER: &str = r#"
import email, email.policy, json, sys
data = sys.stdin.buffer.read()
assert all(len(line) <= 998 for line in data.split(b"\r\n"))
message = email.message_from_bytes(data, policy=email.policy.SMTP)
found = {"defects": [], "parts": []}
for part in message.walk():
    found["defects"] += [repr(defect) for defect in part.defects]
    for name, value in part.items():
        found["defects"] += [name + repr(defect) for defect in getattr(value, "defects", [])]
    content = part.get_content() if not part.is_multipart() else ""
    if isinstance(content, bytes):
        content = content.hex()
    content = content.replace("\r\n", "\n")
    found["parts"].append([part.get_content_type(), part.get_content_disposition() or "", part.get_filename() or "",
                           part["content-id"] or "", content])
# Python before 3.12 takes the fold between two encoded words of a name for a space (RFC 2047 section 6.2 says that it is none).
def name_of(address):
    return address.display_name.replace(" ", "") if "日本" in address.display_name else address.display_name
for name in ("from", "to", "cc", "reply-to"):
    found[name] = [[name_of(a), a.addr_spec] for a in message[name].addresses] if message[name] else []
found["subject"] = message["subject"]
found["fields"] = message.keys()
found["x-long"] = message["x-long"]
print(json.dumps(found))
"#;

fn read(letter: &Letter) -> serde_json::Value {
    let content = letter.content(Timestamp(1_795_325_428_000)).unwrap();
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3, as scripts/setup.sh installs it");
    python.stdin.take().unwrap().write_all(&content).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&content));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn party(name: &str, address: &str) -> Party {
    Party { name: name.into(), address: address.parse().unwrap() }
}

/// A letter with everything.
fn rich() -> Letter {
    let mut letter = Letter::of(party("Société « Été », SARL", "a@first.test"));
    letter.to = vec![
        party("\"Quoted\" \\ (name), Jr.", "b@second.test"),
        party(&"日本語の長い名前".repeat(6), "c@second.test"),
        party("=?utf-8?Q?not_a_word?=", "d@second.test"),
        party("", "e@münchen.test"),
    ];
    letter.cc = vec![party("Anne", "f@second.test")];
    letter.reply_to = vec![party("Réponses", "r@first.test")];
    letter.subject = format!("{} ☎ {}", "Un objet très long, ".repeat(8), "=?utf-8?B?eA==?=");
    letter.text = Some("Bonjour,\n\nFrom here\n.\n-- \nÀ bientôt\u{a0}!  \n".into());
    letter.html = Some(format!("<p>{}</p><img src=\"cid:logo@x\">", "é = è; ".repeat(300)));
    letter.headers = vec![
        ("List-Unsubscribe".into(), "<https://first.test/u?id=1>, <mailto:u@first.test>".into()),
        ("X-Long".into(), "mot ".repeat(60) + "fin"),
        ("X-Word".into(), "x".repeat(2_000)),
    ];
    letter.attachments = vec![
        Attachment {
            filename: "Relevé de compte — décembre 2026, première partie (définitif).pdf".into(),
            content_type: String::new(),
            content_id: None,
            content: (0..=255).cycle().take(5_000).collect(),
        },
        Attachment {
            filename: "logo \"1\".png".into(),
            content_type: "image/png".into(),
            content_id: Some("logo@x".into()),
            content: vec![0x89, b'P'],
        },
        Attachment {
            filename: "données.csv".into(),
            content_type: "text/csv; charset=utf-8".into(),
            content_id: None,
            content: "é;à\r\n".into(),
        },
    ];
    letter
}

#[test]
fn python_reads_what_was_meant() {
    let letter = rich();
    let found = read(&letter);
    assert_eq!(found["defects"], serde_json::json!([]), "{found:#}");
    for (name, parties) in [
        ("from", vec![letter.from.clone()]),
        ("to", letter.to.clone()),
        ("cc", letter.cc.clone()),
        ("reply-to", letter.reply_to.clone()),
    ] {
        let wanted: Vec<_> =
            parties.iter().map(|party| (party.name.clone(), party.address.to_ascii_domain())).collect();
        assert_eq!(found[name], serde_json::json!(wanted), "{name}");
    }
    assert_eq!(found["subject"], letter.subject);
    assert_eq!(found["x-long"], "mot ".repeat(60) + "fin");
    let parts = found["parts"].as_array().unwrap();
    let kinds: Vec<&str> = parts.iter().map(|part| part[0].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/pdf",
            "text/csv",
        ]
    );
    // The last line end of a part belongs to what separates the parts (RFC 2046 §5.1.1).
    assert_eq!(parts[2][4], letter.text.unwrap().trim_end_matches('\n'));
    assert_eq!(parts[4][4], letter.html.unwrap());
    assert_eq!(parts[5], serde_json::json!(["image/png", "inline", "logo \"1\".png", "<logo@x>", "8950"]));
    assert_eq!(parts[6][2], letter.attachments[0].filename);
    let bytes: String = letter.attachments[0].content.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(parts[6][4], bytes);
    assert_eq!(
        (&parts[7][2], &parts[7][4]),
        (&serde_json::json!("données.csv"), &serde_json::json!("é;à\n"))
    );
    let fields = found["fields"].as_array().unwrap();
    assert_eq!(
        fields.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>(),
        [
            "From",
            "Reply-To",
            "To",
            "Cc",
            "Subject",
            "Date",
            "List-Unsubscribe",
            "X-Long",
            "X-Word",
            "MIME-Version",
            "Content-Type"
        ]
    );
}

#[test]
fn python_reads_the_smallest_letters() {
    let mut letter = Letter::of(party("", "a@first.test"));
    letter.bcc = vec![party("", "b@second.test")];
    letter.text = Some(String::new());
    assert_eq!(read(&letter)["defects"], serde_json::json!([]));
    letter.text = None;
    letter.html = Some("x".repeat(3_000));
    let found = read(&letter);
    let text = found["parts"][0][4].as_str().unwrap();
    assert!(text == "x".repeat(3_000) + "\n", "{} characters", text.len());
    letter.html = None;
    letter.attachments = vec![Attachment {
        filename: String::new(),
        content_type: String::new(),
        content_id: Some("alone".into()),
        content: Vec::new(),
    }];
    let found = read(&letter);
    assert_eq!(found["parts"][1][0], "application/octet-stream");
    assert_eq!(found["defects"], serde_json::json!([]));
}
