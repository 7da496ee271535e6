//! A share of the objects: several engines divide them among themselves by UID.

use std::fmt;

/// Which share of how many. Every UID belongs to exactly one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// The text does not name a shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseShardError {
    /// It has another form.
    #[error("shard: '{0}' is not of the form i/n, such as 0/3, or /n in a Pod of a StatefulSet")]
    Form(String),
    /// There is no such share.
    #[error("shard: '{text}' names none of {count} shards; they are counted from 0 to {last}")]
    Range {
        /// The text.
        text: String,
        /// The number of shards.
        count: u32,
        /// The last of them.
        last: u32,
    },
    /// The index was left out, and the name of the Pod does not end with one.
    #[error(
        "shard: '{text}' takes the index from the end of the Pod's name, but '{pod}' does not end \
         with -NUMBER"
    )]
    NoOrdinal {
        /// The text.
        text: String,
        /// The Pod's name.
        pod: String,
    },
}

impl Shard {
    /// Reads `i/n`, with `i` from 0; or `/n`, where `i` is the number at the end of the name of the
    /// Pod, as a StatefulSet gives it. `None` for the empty text: everything.
    ///
    /// # Errors
    /// [`ParseShardError`].
    pub fn parse(text: &str, pod: &str) -> Result<Option<Self>, ParseShardError> {
        if text.is_empty() {
            return Ok(None);
        }
        let form = || ParseShardError::Form(text.to_owned());
        let (index, count) = text.split_once('/').ok_or_else(form)?;
        let count: u32 = number(count).filter(|count| *count > 0).ok_or_else(form)?;
        let index = if index.is_empty() {
            let ordinal = pod
                .rsplit_once('-')
                .and_then(|(_, ordinal)| number(ordinal));
            ordinal.ok_or_else(|| ParseShardError::NoOrdinal {
                text: text.to_owned(),
                pod: pod.to_owned(),
            })?
        } else {
            number(index).ok_or_else(form)?
        };
        if index >= count {
            return Err(ParseShardError::Range {
                text: text.to_owned(),
                count,
                last: count - 1,
            });
        }
        Ok(Some(Self { index, count }))
    }

    /// Which share, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether the object with this UID is part of this share: its 64-bit FNV-1a hash modulo the
    /// number of shares is the index. The same on every machine and in every version.
    pub fn owns(self, uid: &str) -> bool {
        let hash = uid.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash % u64::from(self.count) == u64::from(self.index)
    }
}

/// Only digits: `u32::from_str` takes a sign, too.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_says_what_is_wrong() {
        let read = |text: &str, pod: &str| {
            let shard = Shard::parse(text, pod);
            shard.map(|shard| shard.map(|shard| shard.to_string()))
        };
        assert_eq!(read("", "kubechime-1"), Ok(None));
        assert_eq!(read("0/3", "x"), Ok(Some("0/3".into())));
        assert_eq!(read("/3", "kubechime-2"), Ok(Some("2/3".into())));
        for text in [
            "3",
            "a/3",
            "1/0",
            "1/",
            "/",
            "+1/3",
            "-1/3",
            "1/3/4",
            "1/99999999999",
        ] {
            let error = read(text, "kubechime-0").unwrap_err().to_string();
            assert!(
                error.contains(&format!("'{text}' is not of the form i/n")),
                "{error}"
            );
        }
        assert_eq!(
            read("3/3", "x").unwrap_err().to_string(),
            "shard: '3/3' names none of 3 shards; they are counted from 0 to 2"
        );
        assert!(matches!(
            read("/2", "kubechime-2"),
            Err(ParseShardError::Range { .. })
        ));
        let error = read("/2", "laptop").unwrap_err().to_string();
        assert!(
            error.contains("'laptop' does not end with -NUMBER"),
            "{error}"
        );
    }

    /// The hash is part of what is promised: an engine of another version must find the same.
    #[test]
    fn every_uid_has_one_owner_and_the_shares_are_even() {
        let shards: Vec<Shard> = (0..3).map(|index| Shard { index, count: 3 }).collect();
        let mut sizes = [0; 3];
        for number in 0..3_000_u32 {
            let uid = format!("6ba7b810-9dad-11d1-80b4-00c0{number:08x}");
            let owners: Vec<usize> = (0..3).filter(|at| shards[*at].owns(&uid)).collect();
            assert_eq!(owners.len(), 1, "{uid}");
            sizes[owners[0]] += 1;
        }
        assert!(
            sizes.iter().all(|size| (900..1_100).contains(size)),
            "{sizes:?}"
        );
        let of = |uid: &str| shards.iter().position(|shard| shard.owns(uid));
        // FNV-1a of "a" is af63dc4c8601ec8c.
        assert_eq!(of("a"), Some((0xaf63_dc4c_8601_ec8c_u64 % 3) as usize));
    }
}
