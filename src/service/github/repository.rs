//! Which repository a Git URL means.

use crate::service::request::path_segment;

/// Schemes that Git URLs have.
const SCHEMES: [&str; 9] = [
    "ssh", "git", "git+ssh", "http", "https", "ftp", "ftps", "rsync", "file",
];

/// A repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Reads `https://host/owner/name.git`, `git@host:owner/name.git` and plain `owner/name`.
    ///
    /// # Errors
    /// Why it is none, in the original's words where it has some; the URL is the subject.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let path = path_of(url).trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next()) {
            (Some(owner), Some(name)) if ![owner, name].iter().any(|part| is_dots(part)) => {
                Ok(Self {
                    owner: owner.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ if !url.contains('/') => Err("does not have a `/`"),
            _ => Err("does not name an owner and a repository"),
        }
    }

    /// The path of its part of the API.
    pub(super) fn api_path(&self) -> String {
        format!(
            "repos/{}/{}",
            path_segment(&self.owner),
            path_segment(&self.name)
        )
    }
}

/// Whether a part of a path would not stand for itself.
pub(super) fn is_dots(part: &str) -> bool {
    matches!(part, "." | "..")
}

/// The path of a URL, of an address in scp's form, or the text itself.
fn path_of(url: &str) -> &str {
    if let Some((scheme, rest)) = url.split_once("://") {
        if SCHEMES
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
        {
            let path = rest.find('/').map_or("", |slash| &rest[slash..]);
            return path.split(['?', '#']).next().unwrap_or_default();
        }
        return url;
    }
    match url.split_once(':') {
        Some((host, path)) if is_scp_host(host) => path,
        _ => url,
    }
}

/// Whether this is `[user@]host`.
fn is_scp_host(text: &str) -> bool {
    let word = |text: &str, more: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
        !text.is_empty() && text.chars().all(fits)
    };
    match text.split_once('@') {
        Some((user, host)) => word(user, "-.") && word(host, "-."),
        None => word(text, "-."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_urls_of_all_forms() {
        for url in [
            "https://github.com/acme/shop.git",
            "https://github.com/acme/shop",
            "https://github.com/acme/shop.git/",
            "https://user:pass@github.com/acme/shop?x=y#z",
            "https://github.com//acme///shop/tree/main",
            "git@github.com:acme/shop.git",
            "github.com:acme/shop",
            "git@github.com:/acme/shop.git/",
            "ssh://git@github.com:22/acme/shop",
            "git+ssh://git@github.com/acme/shop.git",
            "acme/shop",
        ] {
            let repository = Repository::parse(url).expect(url);
            assert_eq!(repository.api_path(), "repos/acme/shop", "{url}");
        }
        let odd = Repository::parse("https://h/a b/c%d").expect("two parts");
        assert_eq!(odd.api_path(), "repos/a%20b/c%25d");
        for (url, why) in [
            ("hello", "does not have a `/`"),
            ("<no value>", "does not have a `/`"),
            ("", "does not have a `/`"),
            ("https://github.com/acme", "does not name an owner"),
            ("https://github.com/", "does not name an owner"),
            ("https://github.com", "does not name an owner"),
            ("https://github.com/../shop", "does not name an owner"),
        ] {
            let error = Repository::parse(url).expect_err(url);
            assert!(error.contains(why), "{error}");
        }
    }
}
