//! Where log lines go: to standard error, each on one line, without anything that changes
//! how a terminal shows the rest. A line may quote a cloud, an object or a parser.

use std::io::{self, Write};

use errand::text::visible;
use tracing_subscriber::fmt::MakeWriter;

/// Standard error.
#[derive(Clone, Copy)]
pub struct Log;

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines<io::StderrLock<'a>>;

    fn make_writer(&'a self) -> Self::Writer {
        Lines(io::stderr().lock())
    }
}

/// Each line comes in one piece.
pub struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        writeln!(self.0, "{}", visible(text))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_one_line_whatever_is_in_it() {
        let mut out = Lines(Vec::new());
        let line = "INFO a=\u{1B}[2J\nWARN forged \u{202E}txt\n";
        out.write_all(line.as_bytes()).expect("a vector");
        let written = String::from_utf8(out.0).expect("text");
        assert_eq!(written, "INFO a=\u{FFFD}[2J WARN forged \u{FFFD}txt\n");
    }
}
