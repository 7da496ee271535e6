//! Version constraints: `>=1.2, <2`, `~1.4`, `^0.3 || 2.x`, `1.2 - 1.4.5`.

use super::version::{Version, compare_prereleases};
use crate::golang::regex::{self as dialect, Pattern};
use crate::template::Failure;
use regex::{Captures, Regex};
use std::cmp::Ordering;
use std::sync::LazyLock;

/// Alternatives, each of which is a list of conditions that must all hold.
pub(super) struct Constraints(Vec<Vec<Constraint>>);

struct Constraint {
    operator: String,
    bound: Version,
    /// How much of the version was written out; the rest is a wildcard.
    precision: Precision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Nothing,
    Major,
    Minor,
    Patch,
}

struct Patterns {
    /// One condition, anywhere in a text.
    condition: Pattern,
    /// One condition, the whole text.
    whole_condition: Pattern,
    /// A whole list of conditions.
    list: Pattern,
    /// `1.2 - 1.4`
    range: Pattern,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let number = r"[0-9|x|X|\*]+";
    let identifiers = r"([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*)";
    let version =
        format!(r"v?({number})(\.{number})?(\.{number})?(-{identifiers})?(\+{identifiers})?");
    let condition = format!(r"(=||!=|>|<|>=|=>|<=|=<|~|~>|\^)\s*({version})");
    let compile = |pattern: String| dialect::compile(&pattern).ok();
    Some(Patterns {
        whole_condition: compile(format!(r"^\s*{condition}\s*$"))?,
        list: compile(format!(r"^(\s*{condition}\s*)((\s+|,\s*){condition}\s*)*$"))?,
        range: compile(format!(r"\s*({version})\s+-\s+({version})\s*"))?,
        condition: compile(condition)?,
    })
});

impl Constraints {
    /// Reads constraints.
    ///
    /// # Errors
    /// With the library's message.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let Some(patterns) = PATTERNS.as_ref() else {
            return Err(Failure::new("version constraints are not available"));
        };
        let text = without_ranges(text, &patterns.range);
        let alternatives = text.split("||").map(|list| {
            if !patterns.list.is_match(list) {
                return Err(Failure::new(format!("improper constraint: {list}")));
            }
            patterns
                .condition
                .find_iter(list)
                .map(|condition| Constraint::parse(condition.as_str(), &patterns.whole_condition))
                .collect()
        });
        Ok(Constraints(alternatives.collect::<Result<_, Failure>>()?))
    }

    /// Whether the version satisfies them.
    pub(super) fn allow(&self, version: &Version) -> bool {
        let Constraints(alternatives) = self;
        alternatives
            .iter()
            .any(|conditions| conditions.iter().all(|condition| condition.allows(version)))
    }
}

/// `1.2 - 1.4` becomes `>= 1.2, <= 1.4`.
fn without_ranges(text: &str, range: &Regex) -> String {
    let mut out = text.to_owned();
    for found in range.captures_iter(text) {
        let part = |number: usize| found.get(number).map_or("", |part| part.as_str());
        out = out.replacen(part(0), &format!(">= {}, <= {}", part(1), part(11)), 1);
    }
    out
}

impl Constraint {
    fn parse(text: &str, pattern: &Regex) -> Result<Self, Failure> {
        let Some(found) = pattern.captures(text) else {
            return Err(Failure::new(format!("improper constraint: {text}")));
        };
        let (precision, bound) = bound(&found);
        Ok(Constraint {
            operator: found
                .get(1)
                .map_or("", |operator| operator.as_str())
                .to_owned(),
            bound: Version::parse(&bound).map_err(|_| Failure::new("constraint Parser Error"))?,
            precision,
        })
    }

    /// The library ignores pre-releases unless the bound is one itself.
    fn allows(&self, version: &Version) -> bool {
        let ignored = !version.prerelease.is_empty() && self.bound.prerelease.is_empty();
        if self.operator == "!=" {
            let partial = self.precision < Precision::Patch;
            return !(partial && ignored) && self.differs(version);
        }
        if ignored {
            return false;
        }
        let order = version.compare(&self.bound);
        match self.operator.as_str() {
            ">" => self.is_exceeded(version, order),
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" => self.covers(version, order),
            "~" | "~>" => self.is_near(version, order),
            "^" => self.is_compatible(version, order),
            // `=` or nothing.
            _ if self.precision < Precision::Patch => self.is_near(version, order),
            _ => order.is_eq(),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let bound = &self.bound;
        let exact = || version.compare(bound).is_ne();
        match self.precision {
            Precision::Patch => exact(),
            _ if bound.major != version.major => true,
            Precision::Major => false,
            _ if bound.minor != version.minor => true,
            Precision::Nothing if bound.patch != version.patch => true,
            Precision::Nothing => exact(),
            Precision::Minor => compare_prereleases(&version.prerelease, &bound.prerelease).is_ne(),
        }
    }

    /// `>11` asks for 12, `>11.1` for 11.2.
    fn is_exceeded(&self, version: &Version, order: Ordering) -> bool {
        let same_major = version.major == self.bound.major;
        match self.precision {
            Precision::Major => version.major > self.bound.major,
            Precision::Minor if same_major => version.minor > self.bound.minor,
            _ => order.is_gt(),
        }
    }

    /// `<=11` takes all of 11, `<=11.1` all of 11.1.
    fn covers(&self, version: &Version, order: Ordering) -> bool {
        match self.precision {
            Precision::Patch => order.is_le(),
            Precision::Major => version.major <= self.bound.major,
            _ => (version.major, version.minor) <= (self.bound.major, self.bound.minor),
        }
    }

    /// `~1.2.3` takes later patches, `~1` also later minor versions.
    fn is_near(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.bound;
        if order.is_lt() {
            return false;
        }
        let zero = (bound.major, bound.minor, bound.patch) == (0, 0, 0);
        if zero && !matches!(self.precision, Precision::Major | Precision::Minor) {
            return true;
        }
        version.major == bound.major
            && (version.minor == bound.minor || self.precision == Precision::Major)
    }

    /// `^1.2.3` takes what is compatible: the same first number that is not zero.
    fn is_compatible(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.bound;
        if order.is_lt() {
            return false;
        }
        if bound.major > 0 || self.precision == Precision::Major {
            return version.major == bound.major;
        }
        if version.major > 0 {
            return false;
        }
        if bound.minor > 0 || self.precision == Precision::Minor {
            return version.minor == bound.minor;
        }
        version.minor == 0 && version.patch == bound.patch
    }
}

/// The version of a condition with zeros for its wildcards.
fn bound(found: &Captures<'_>) -> (Precision, String) {
    let part = |number: usize| found.get(number).map_or("", |part| part.as_str());
    let wild = |text: &str| matches!(text.trim_start_matches('.'), "" | "x" | "X" | "*");
    let prerelease = part(6);
    if wild(part(3)) {
        (Precision::Nothing, format!("0.0.0{prerelease}"))
    } else if wild(part(4)) {
        (Precision::Major, format!("{}.0.0{prerelease}", part(3)))
    } else if wild(part(5)) {
        (
            Precision::Minor,
            format!("{}{}.0{prerelease}", part(3), part(4)),
        )
    } else {
        (Precision::Patch, part(2).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(constraint: &str, version: &str) -> Option<bool> {
        let version = Version::parse(version).ok()?;
        Some(Constraints::parse(constraint).ok()?.allow(&version))
    }

    #[test]
    fn as_the_library_decides() {
        let cases = [
            ("!=1.2", "1.2.5", false),
            ("!=1.2", "1.3.0", true),
            ("!=1.x", "1.3.0", false),
            ("!=1.2.3", "1.2.3-rc1", true),
            ("!=1.x", "2.0.0-rc1", false),
            (">11", "11.1.0", false),
            (">11.1", "11.2.0", true),
            (">11.1", "12.0.0", true),
            ("<=11", "11.9.9", true),
            ("<=11.1", "11.2.0", false),
            ("<=11.2", "10.9.0", true),
            ("~*", "9.9.9", true),
            ("~0", "1.0.0", false),
            ("~0.0.0", "5.0.0", true),
            ("^0.0.3", "0.0.4", false),
            ("^0.0", "0.0.9", true),
            ("^0", "0.9.9", true),
            (">=1, <2 || 3.x", "3.1.4", true),
            ("1 - 2", "2.5.0", true),
            ("1.0 - 2.0 || 3 - 4", "3.5.0", true),
            (">=1.0.0-0", "1.0.0-rc1", true),
            ("v1.2.3", "1.2.3", true),
            ("=v1", "1.9.9", true),
            (">= 1.0", "1.0.0", true),
        ];
        for (constraint, version, allowed) in cases {
            assert_eq!(
                allows(constraint, version),
                Some(allowed),
                "{constraint} {version}"
            );
        }
        for constraint in ["", "bad", ">>1", "1.2.3.4", "1 2 ||", "1,,2", "1x"] {
            assert!(Constraints::parse(constraint).is_err(), "{constraint}");
        }
    }
}
