//! Text from outside: what a cloud, a user's object or a parser says, before it is put
//! into status, a condition, an event, a log line or a terminal.
//!
//! [`line()`] is the one function for all of them. It changes nothing that people can
//! read. What they cannot see, or what would change how the rest is shown, is replaced
//! by a character that they can see: it is not removed, so that a word with something
//! invisible in it never becomes the word that Errand knows.

use std::borrow::Cow;

/// What stands for a character that is not shown.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// What stands for the rest of a text that is too long.
const REST: &str = "…";

/// Bytes of a condition's message and of the summary. The schema counts characters, of
/// which there are at most as many.
pub const SENTENCE: usize = 2048;

/// Bytes of an event's note that the API server takes. It counts bytes there.
pub const NOTE: usize = 1024;

/// One line of at most `most` bytes, without control characters, characters that change
/// the direction of others, and invisible ones. Blanks at both ends are dropped. The
/// result stays as it is if it goes through this again.
pub fn line(text: &str, most: usize) -> String {
    let mut line = String::new();
    // Where the text is cut if it turns out to be too long.
    let mut cut = 0;
    for c in text.trim().chars() {
        let c = shown(c);
        if line.len() + c.len_utf8() > most {
            line.truncate(cut);
            let end = line.trim_end().len();
            line.truncate(end);
            if most >= REST.len() {
                line.push_str(REST);
            }
            return line;
        }
        line.push(c);
        if line.len() + REST.len() <= most {
            cut = line.len();
        }
    }
    line
}

/// The same of any length, for text whose length was limited before. It is the same text
/// where nothing has to be replaced.
pub fn visible(text: &str) -> Cow<'_, str> {
    match is_visible(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(shown).collect()),
    }
}

/// Every character of it is one that [`line()`] keeps.
pub fn is_visible(text: &str) -> bool {
    text.chars().all(|c| shown(c) == c)
}

/// What stands for that character.
fn shown(c: char) -> char {
    match c {
        c if c.is_whitespace() => ' ',
        c if c.is_control() || is_invisible(c) => REPLACEMENT,
        c => c,
    }
}

/// Characters that nothing is drawn for: those of the general category Cf (bidirectional
/// controls and marks, zero-width ones, tags, the byte order mark) and the others that
/// Unicode lists as ignorable by default, with what is no character at all.
fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00AD
            | 0x034F
            | 0x0600..=0x0605
            | 0x061C
            | 0x06DD
            | 0x070F
            | 0x0890..=0x0891
            | 0x08E2
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0x2800
            | 0x3164
            | 0xFDD0..=0xFDEF
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0x1_10BD
            | 0x1_10CD
            | 0x1_3430..=0x1_343F
            | 0x1_BCA0..=0x1_BCA3
            | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0xE_0FFF
    ) || u32::from(c) & 0xFFFE == 0xFFFE
}

/// An error with what it came from, as far as that says more.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    if text.contains("tunnel error") {
        text += ". A proxy is between (proxy-url of the kubeconfig, or HTTPS_PROXY; HTTP_PROXY for an API server without TLS) and opened no connection; hosts in NO_PROXY are reached without it";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_of_every_script_stays_as_it_is() {
        for text in [
            "",
            "The instance is RUNNING.",
            "实例正在运行，请稍后再试。",
            "é ü ñ ŕ — “quoted” … 100 % ✓",
            "e\u{301} a combining accent",
            "\u{FFFD}",
            "😀",
        ] {
            assert_eq!(line(text, 1000), text);
            assert!(is_visible(text), "{text}");
            assert!(matches!(visible(text), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_replaced_by_what_can() {
        for hidden in [
            '\u{0}',
            '\u{7}',
            '\u{8}',
            '\u{1B}',
            '\u{7F}',
            '\u{80}',
            '\u{9B}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{200F}',
            '\u{202A}',
            '\u{202B}',
            '\u{202C}',
            '\u{202D}',
            '\u{202E}',
            '\u{2060}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{206F}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFF9}',
            '\u{FFFE}',
            '\u{FFFF}',
            '\u{1D173}',
            '\u{E0001}',
            '\u{E0041}',
            '\u{E0100}',
            '\u{10FFFF}',
        ] {
            let text = format!("{hidden}CANCEL{hidden}LED{hidden}");
            let shown = "\u{FFFD}CANCEL\u{FFFD}LED\u{FFFD}";
            assert_eq!(line(&text, 1000), shown, "{:x}", u32::from(hidden));
            assert_eq!(visible(&text), shown);
            assert!(!is_visible(&text));
        }
        for blank in [
            '\n', '\r', '\t', '\u{B}', '\u{85}', '\u{A0}', '\u{2028}', '\u{2029}', '\u{3000}',
        ] {
            let text = format!("{blank}a{blank}b{blank}");
            assert_eq!(line(&text, 1000), "a b", "{:x}", u32::from(blank));
        }
    }

    #[test]
    fn a_word_with_something_in_it_never_becomes_another_word() {
        for text in [
            "RUN\u{200B}NING",
            "RUNNING\u{0}",
            "\u{FEFF}RUNNING",
            "RUNNING\u{202C}",
        ] {
            assert_ne!(line(text, 1000), "RUNNING");
        }
    }

    #[test]
    fn the_length_is_in_bytes_and_no_character_is_cut() {
        for (text, most, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abc…"),
            ("abc defg", 7, "abc…"),
            ("实例正在", 12, "实例正在"),
            ("实例正在运", 12, "实例正…"),
            ("实例正在运", 11, "实例…"),
            ("ab", 1, ""),
            ("abcd", 3, "…"),
            ("", 0, ""),
        ] {
            let shown = line(text, most);
            assert_eq!(shown, expected, "{text} {most}");
            assert!(shown.len() <= most);
        }
        let long = "\u{1B}实".repeat(50_000);
        for most in 0..50 {
            let once = line(&long, most);
            assert!(once.len() <= most);
            assert_eq!(line(&once, most), once);
        }
    }

    #[test]
    fn a_cut_word_is_never_one_of_those_that_are_known() {
        let status = "RUNNING".repeat(40);
        assert_ne!(line(&status, 7), "RUNNING");
    }
}
