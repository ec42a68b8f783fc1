//! Tables in 80 columns: what kubectl and the simulator print is wider.

/// What a terminal has at least.
pub const WIDTH: usize = 80;

/// A table whose columns begin where their titles do, without some of them; the
/// widest column that is left is cut until a line fits.
pub fn narrow(table: &str, without: &[&str]) -> String {
    let mut columns = columns(table);
    columns.retain(|column| !without.contains(&column[0].as_str()));
    let width = |column: &[String]| {
        let cells = column.iter().map(|cell| cell.chars().count());
        cells.max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = columns.iter().map(|column| width(column)).collect();
    while widths.iter().map(|width| width + 2).sum::<usize>() > WIDTH + 2 {
        if let Some(widest) = widths.iter_mut().max() {
            *widest -= 1;
        }
    }
    let rows = columns.first().map_or(0, Vec::len);
    let mut text = String::new();
    for row in 0..rows {
        let mut line = String::new();
        for (column, width) in columns.iter().zip(&widths) {
            line += &format!("{:<width$}  ", cut(&column[row], *width));
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn columns(table: &str) -> Vec<Vec<String>> {
    let title = table.lines().next().unwrap_or_default();
    let starts: Vec<usize> = title
        .match_indices(|c: char| c != ' ')
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || title[..*at].ends_with(' '))
        .collect();
    let column = |number: usize| {
        let from = starts[number];
        let to = starts.get(number + 1).map_or(usize::MAX, |next| *next);
        let cell = |line: &str| {
            let cell: String = line.chars().skip(from).take(to - from).collect();
            cell.trim_end().to_owned()
        };
        table.lines().map(cell).collect()
    };
    (0..starts.len()).map(column).collect()
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Lines of so many characters at most, but for longer words. What goes on in
/// another line stands below where its own text began: behind the spaces, or behind
/// the label and its spaces.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let below = " ".repeat(text_starts(text));
    let mut lines = vec![String::new()];
    for (number, word) in text.split(' ').enumerate() {
        let line = lines.last_mut().expect("never empty");
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if number == 0 || fits || line.trim().is_empty() {
            let space = if number == 0 { "" } else { " " };
            *line += &format!("{space}{word}");
        } else {
            lines.push(format!("{below}{word}"));
        }
    }
    lines
}

/// What is longer before a colon is no label.
const LABEL: usize = 12;

fn text_starts(text: &str) -> usize {
    let after = |part: &str| part.len() - part.trim_start().len();
    let spaces = after(text);
    match text.split_once(": ") {
        Some((label, value)) if spaces == 0 && label.len() <= LABEL => {
            label.len() + 2 + after(value)
        }
        _ => spaces,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "#  API    PATH  EFFECT\n1  a.Get  /a\n2  a.Do   /a    a.done\n";

    #[test]
    fn a_column_that_is_left_out_takes_nothing_else_with_it() {
        let wanted = "#  API    EFFECT\n1  a.Get\n2  a.Do   a.done\n";
        assert_eq!(narrow(TABLE, &["PATH"]), wanted);
    }

    #[test]
    fn the_widest_column_is_cut_until_a_line_fits() {
        let table = format!("NAME{}  AGE\n{}  1s\n", " ".repeat(96), "x".repeat(100));
        let narrowed = narrow(&table, &[]);
        let widest = narrowed.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(WIDTH), "{narrowed}");
        assert!(narrowed.contains("x…  1s"), "{narrowed}");
    }

    #[test]
    fn words_stay_whole_when_a_line_is_wrapped() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("  kubectl  x", 80), ["  kubectl  x"]);
        assert_eq!(wrap("", 80), [""]);
    }

    #[test]
    fn what_goes_on_stands_below_its_own_text() {
        assert_eq!(wrap("  one two", 6), ["  one", "  two"]);
        assert_eq!(
            wrap("You can: one two", 13),
            ["You can: one", "         two"]
        );
    }
}
