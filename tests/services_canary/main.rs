//! Secrets in the options of every service, and every way out of the program: none gets there,
//! whatever the server does with what it is told.
//!
//! Each registered type has a row in the table; one without fails the test.

#[path = "../support/parrot.rs"]
mod parrot;
#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;
#[path = "../support/rsa_key.rs"]
mod rsa_key;

mod library;
mod program;
mod table;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A secret that is valid wherever one is needed: 30 letters and digits. No two are the same, so
/// that none is masked because another one is.
fn canary(number: u32) -> String {
    format!("c4nary{}", number.to_string().repeat(24))
}

/// What may be found nowhere: the beginning of all canaries, and what base64 makes of them, alone
/// and behind something else.
fn needles() -> Vec<String> {
    let mut needles = vec!["c4nary".to_owned()];
    for number in 1..=9 {
        for before in ["", "x", "xx"] {
            let encoded = STANDARD_NO_PAD.encode(format!("{before}{}", canary(number)));
            // The letters at both ends depend on what stands beside them.
            needles.push(encoded[4..encoded.len() - 2].to_owned());
        }
    }
    needles.push(table::key_line());
    needles
}

/// Where secrets got out, and what stands around them there.
#[derive(Default)]
struct Leaks(Vec<String>);

impl Leaks {
    /// Looks for secrets in a text.
    fn look(&mut self, what: &str, text: &str) {
        let needles = needles();
        let found = needles.iter().find_map(|needle| text.find(needle.as_str()));
        let Some(at) = found else { return };
        let mut from = at.saturating_sub(150);
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        let shown: String = text[from..].chars().take(250).collect();
        self.0.push(format!("{what}: …{shown}…"));
    }

    /// Fails when there was one.
    fn end(&self) {
        assert!(
            self.0.is_empty(),
            "secrets got out:\n{}",
            self.0.join("\n---- ")
        );
    }
}
