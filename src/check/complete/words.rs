//! Words of the languages, with what they mean in a line.

/// A word and what it means.
type Word = (&'static str, &'static str);

/// Fields of a condition.
pub(super) const CONDITION: &[Word] = &[
    (
        "when",
        "the condition; its notifications are sent when it becomes true",
    ),
    ("send", "names of the templates that are sent together"),
    ("oncePer", "sent again whenever this value is another one"),
    ("description", "for people"),
    (
        "for",
        "how long it must be true before it is sent, such as 5m",
    ),
    (
        "repeat",
        "sent again after this time while it stays true, such as 1h",
    ),
    (
        "resolved",
        "templates that are sent when it is no longer true",
    ),
];

/// Fields of a default subscription.
pub(super) const SUBSCRIPTION: &[Word] = &[
    ("recipients", "who is told: service, or service:recipient"),
    ("triggers", "about what; without it, the default triggers"),
    ("selector", "labels of the objects; without it, all objects"),
];

/// Fields of a template beside the sections of services.
pub(super) const TEMPLATE: &[Word] = &[
    (
        "message",
        "the text, for every service that has no section of its own",
    ),
    ("engine", "gotemplate (default) or handlebars"),
];

/// What templates are given beside the object.
pub(super) const TEMPLATE_VARIABLES: &[Word] = &[
    ("serviceType", "type of the service that it is sent through"),
    ("recipient", "who it is sent to"),
];

/// Words of Go's templates.
pub(super) const ACTIONS: &[Word] = &[
    ("if", "{{if CONDITION}} … {{end}}"),
    ("else", "{{else}} or {{else if CONDITION}}"),
    ("end", "ends if, range and with"),
    ("range", "{{range .list}} … {{end}}: the dot is the item"),
    ("with", "{{with .value}} … {{end}}: the dot is the value"),
    ("define", "{{define \"name\"}} … {{end}}"),
    ("template", "{{template \"name\" .}}"),
];

/// Words of conditions.
pub(super) const EXPRESSION: &[Word] = &[
    ("and", "both are true"),
    ("or", "one is true"),
    ("not", "is false"),
    ("in", "is in the list, or a key of the map"),
    ("matches", "fits the regular expression"),
    ("contains", "has the text in it"),
    ("startsWith", "begins with the text"),
    ("endsWith", "ends with the text"),
    ("true", ""),
    ("false", ""),
    ("nil", "nothing"),
    ("deleted", "whether the object has been deleted"),
];

/// Functions that Argo CD gives to conditions.
pub(super) const HOST: &[(&str, &[Word])] = &[
    (
        "time",
        &[
            ("Now()", "the present moment"),
            (
                "Parse(",
                "a moment from a text such as 2026-01-02T03:04:05Z",
            ),
            ("Second", "a duration"),
            ("Minute", "a duration"),
            ("Hour", "a duration"),
        ],
    ),
    (
        "strings",
        &[
            ("ReplaceAll(", "text, old, new"),
            ("ToUpper(", "in capitals"),
            ("ToLower(", "in small letters"),
        ],
    ),
];

const FUNCTIONS: &[Word] = &[
    ("all", "all(list, {predicate}): true for every item"),
    ("none", "none(list, {predicate}): true for no item"),
    ("any", "any(list, {predicate}): true for some item"),
    ("one", "one(list, {predicate}): true for exactly one item"),
    (
        "filter",
        "filter(list, {predicate}): the items for which it is true",
    ),
    ("map", "map(list, {expression}): what comes of each item"),
    (
        "find",
        "find(list, {predicate}): the first item for which it is true",
    ),
    ("findIndex", "findIndex(list, {predicate}): its place"),
    (
        "findLast",
        "findLast(list, {predicate}): the last such item",
    ),
    (
        "findLastIndex",
        "findLastIndex(list, {predicate}): its place",
    ),
    ("count", "count(list, {predicate}): how many items"),
    ("sum", "sum(list): the sum of numbers"),
    ("groupBy", "groupBy(list, {key}): a map of lists"),
    ("sortBy", "sortBy(list, {key}): sorted by it"),
    (
        "reduce",
        "reduce(list, {#acc + #}, start): one value of all items",
    ),
    ("len", "len(list, map or text): how many"),
    ("type", "type(value): its type as a text"),
    ("abs", "abs(number): without its sign"),
    ("ceil", "ceil(number): rounded up"),
    ("floor", "floor(number): rounded down"),
    ("round", "round(number): rounded"),
    ("int", "int(value): as a whole number"),
    ("float", "float(value): as a number"),
    ("string", "string(value): as a text"),
    ("trim", "trim(text): without blanks around it"),
    ("trimPrefix", "trimPrefix(text, beginning): without it"),
    ("trimSuffix", "trimSuffix(text, end): without it"),
    ("upper", "upper(text): in capitals"),
    ("lower", "lower(text): in small letters"),
    ("split", "split(text, separator): a list"),
    (
        "splitAfter",
        "splitAfter(text, separator): a list with the separators",
    ),
    ("replace", "replace(text, old, new)"),
    ("repeat", "repeat(text, times)"),
    ("join", "join(list, separator): one text"),
    ("indexOf", "indexOf(text, part): its place, or -1"),
    (
        "lastIndexOf",
        "lastIndexOf(text, part): its last place, or -1",
    ),
    ("hasPrefix", "hasPrefix(text, beginning)"),
    ("hasSuffix", "hasSuffix(text, end)"),
    ("max", "max(numbers): the largest"),
    ("min", "min(numbers): the smallest"),
    ("mean", "mean(numbers): the average"),
    ("median", "median(numbers): the middle one"),
    ("toJSON", "toJSON(value): as JSON"),
    ("fromJSON", "fromJSON(text): the value of JSON"),
    ("toBase64", "toBase64(text)"),
    ("fromBase64", "fromBase64(text)"),
    ("now", "now(): the present moment"),
    ("duration", "duration('5m'): a duration"),
    (
        "date",
        "date(text): a moment, such as date(pod.metadata.creationTimestamp)",
    ),
    ("timezone", "timezone('Europe/Berlin')"),
    ("first", "first(list): its first item"),
    ("last", "last(list): its last item"),
    ("get", "get(map, key): the value, or nil"),
    ("take", "take(list, n): its first items"),
    ("keys", "keys(map): a list"),
    ("values", "values(map): a list"),
    ("toPairs", "toPairs(map): a list of [key, value]"),
    ("fromPairs", "fromPairs(list): a map"),
    ("reverse", "reverse(list): the other way round"),
    ("uniq", "uniq(list): each value once"),
    ("concat", "concat(lists): one list"),
    ("flatten", "flatten(list): lists within it opened"),
    ("sort", "sort(list): sorted"),
    ("bitand", "bitand(a, b)"),
    ("bitor", "bitor(a, b)"),
    ("bitxor", "bitxor(a, b)"),
    ("bitnand", "bitnand(a, b)"),
    ("bitshl", "bitshl(number, bits)"),
    ("bitshr", "bitshr(number, bits)"),
    ("bitushr", "bitushr(number, bits)"),
    ("bitnot", "bitnot(number)"),
];

/// What a function of conditions does.
pub(super) fn function(name: &str) -> &'static str {
    FUNCTIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("", |(_, doc)| doc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Options, builtin_names};

    #[test]
    fn every_function_is_explained() {
        for name in builtin_names(&Options::default()) {
            assert!(!function(name).is_empty(), "{name}");
        }
    }
}
