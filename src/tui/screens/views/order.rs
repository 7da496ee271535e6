//! The order of cells: numbers, spans and sizes by what they mean, everything else by letters.

/// What a cell is sorted by: numbers come before texts, the largest first, since that is what one
/// looks for.
pub fn rank(cell: &str) -> (u8, i64, String) {
    let cell = cell.trim();
    if cell.is_empty() || cell == "-" {
        return (2, 0, String::new());
    }
    match number(cell) {
        Some(number) => (0, number.saturating_neg(), String::new()),
        None => (1, 0, cell.to_lowercase()),
    }
}

/// Thousandths of `1,204`, `12 ms`, `1.4s`, `3m`, `37.0 MiB`, `5/s`.
fn number(cell: &str) -> Option<i64> {
    let end = cell
        .find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.')
        .unwrap_or(cell.len());
    let (digits, unit) = cell.split_at(end);
    let value: f64 = digits.replace(',', "").parse().ok()?;
    let factor = match unit.trim() {
        "" | "s" | "/s" => 1_000.0,
        "ms" => 1.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        "KiB" => 1_024.0 * 1_000.0,
        "MiB" => 1_024.0 * 1_024.0 * 1_000.0,
        "GiB" => 1_024.0 * 1_024.0 * 1_024.0 * 1_000.0,
        _ => return None,
    };
    // Far beyond what is counted here; a cast of a float saturates.
    Some((value * factor) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_sorted_by_what_they_mean() {
        let mut cells = [
            "-", "1.4s", "120ms", "b", "2h", "", "A", "3m", "12,044", "9",
        ];
        cells.sort_by_cached_key(|cell| rank(cell));
        let expected = [
            "12,044", "2h", "3m", "9", "1.4s", "120ms", "A", "b", "-", "",
        ];
        assert_eq!(cells, expected);
    }
}
