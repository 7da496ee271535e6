//! Which form of an answer the client prefers: the objects, their metadata only, or a table.

use super::status::ApiError;

/// How much of an object a table row carries along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Include {
    None,
    #[default]
    Metadata,
    Object,
}

/// The form of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// `Table` of `meta.k8s.io` in this version.
    Table(String, Include),
    /// `PartialObjectMetadata` of `meta.k8s.io` in this version.
    Metadata(String),
}

impl Form {
    /// Reads `Accept` and, for tables, the parameter `includeObject`.
    pub fn negotiate(accept: &str, include_object: &str) -> Result<Self, ApiError> {
        if accept.trim().is_empty() {
            return Ok(Self::Plain);
        }
        let include = match include_object {
            "None" => Include::None,
            "Object" => Include::Object,
            _ => Include::Metadata,
        };
        for choice in accept.split(',') {
            let mut parts = choice.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "application/*" | "*/*") {
                continue;
            }
            let parameter = |name: &str| {
                choice
                    .split(';')
                    .find_map(|p| p.trim().strip_prefix(name)?.strip_prefix('='))
            };
            let version = parameter("v").unwrap_or("v1").to_owned();
            match parameter("as") {
                None => return Ok(Self::Plain),
                Some("Table") => return Ok(Self::Table(version, include)),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    return Ok(Self::Metadata(version));
                }
                Some(_) => {}
            }
        }
        Err(ApiError::not_acceptable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_choice_wins() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        for (accept, expected) in [
            ("", Ok(Form::Plain)),
            ("*/*", Ok(Form::Plain)),
            (
                "application/vnd.kubernetes.protobuf,application/json",
                Ok(Form::Plain),
            ),
            (kubectl, Ok(Form::Table("v1".into(), Include::Metadata))),
            (
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                Ok(Form::Metadata("v1".into())),
            ),
            (
                "application/vnd.kubernetes.protobuf",
                Err(ApiError::not_acceptable()),
            ),
        ] {
            assert_eq!(Form::negotiate(accept, ""), expected, "{accept}");
        }
    }
}
