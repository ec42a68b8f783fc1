//! Takes what was signed with out of answers: a cloud, or what stands for one, may repeat
//! in its words what it was sent, in any form in which programs write such text.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::{Key, SecretText};

/// Texts longer than this are searched, and dropped where something was found.
pub(super) const LONG: usize = 64 << 10;

/// So many characters of a part of a key are never left, whichever they are.
const PIECE: usize = 12;

/// So short a text is no secret, and may be a part of any word.
const SHORTEST: usize = 4;

/// How often one form may be written in another: JSON in a text of JSON in a URL.
const DEPTH: usize = 4;

const PLACEHOLDER: &str = "(secret)";

/// What must not be found in an answer to a request that was signed with a key.
#[derive(Clone)]
pub struct Hidden(Arc<Pieces>);

/// Everything in the one form that is compared: see [`Plain`].
struct Pieces {
    /// Parts shorter than a piece, which are looked for as a whole.
    short: Vec<String>,
    /// Every piece of the longer ones: a text may be cut anywhere.
    pieces: HashSet<[u8; PIECE]>,
    /// Which pieces there may be, by their digest.
    sieve: Vec<u64>,
}

impl Hidden {
    /// Each part of the key, and the signature of the header.
    pub fn of(key: &Key, authorization: &str) -> Self {
        let signature = authorization.rsplit_once('=').map(|(_, hex)| hex);
        let token = key.token.as_ref().map(SecretText::reveal);
        let parts = [key.id.reveal(), key.secret.reveal()];
        let mut all = Pieces {
            short: Vec::new(),
            pieces: HashSet::new(),
            sieve: vec![0; SIEVE / 64],
        };
        for part in parts.into_iter().chain(token).chain(signature) {
            all.add(&Plain::of(part.as_bytes(), false).bytes);
        }
        Self(Arc::new(all))
    }

    /// The text without any of it.
    pub fn text(&self, text: &str) -> String {
        let left = self.body(text.as_bytes().to_vec());
        match left.is_empty() && !text.is_empty() {
            true => PLACEHOLDER.to_owned(),
            false => String::from_utf8_lossy(&left).into_owned(),
        }
    }

    /// The body of an answer without any of it; empty if it is long and has some of it.
    /// This takes time in proportion to its length.
    pub(super) fn body(&self, body: Vec<u8>) -> Vec<u8> {
        let places = body.len() <= LONG;
        let mut found = Vec::new();
        let mut plain = Plain::of(&body, places);
        for _ in 0..=DEPTH {
            self.0.find(&plain, &mut found);
            if !places && !found.is_empty() {
                return Vec::new();
            }
            match plain.decoded() {
                Some(decoded) => plain = decoded,
                None => break,
            }
        }
        if found.is_empty() {
            return body;
        }
        found.sort_by_key(|range| range.start);
        let mut left = Vec::with_capacity(body.len());
        let mut from = 0;
        for range in found {
            if range.start >= from {
                left.extend_from_slice(&body[from..range.start]);
                left.extend_from_slice(PLACEHOLDER.as_bytes());
            }
            from = from.max(range.end);
        }
        left.extend_from_slice(&body[from..]);
        left
    }
}

/// Bits of the sieve.
const SIEVE: usize = 1 << 16;

/// The place of a piece in the sieve.
fn digest(piece: &[u8; PIECE]) -> usize {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *piece;
    let head = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let tail = u64::from(u32::from_le_bytes([i, j, k, l]));
    let mixed = (head ^ tail.rotate_left(40)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::from((mixed >> 48) as u16)
}

impl Pieces {
    fn add(&mut self, part: &[u8]) {
        if part.len() < SHORTEST {
            return;
        }
        if part.len() < PIECE {
            self.short.push(String::from_utf8_lossy(part).into_owned());
        }
        for piece in part.array_windows::<PIECE>() {
            let at = digest(piece);
            self.sieve[at / 64] |= 1 << (at % 64);
            self.pieces.insert(*piece);
        }
    }

    /// Where something of it is, in the text that was given.
    fn find(&self, plain: &Plain, found: &mut Vec<Range<usize>>) {
        for (at, piece) in plain.bytes.array_windows::<PIECE>().enumerate() {
            let bit = digest(piece);
            if self.sieve[bit / 64] >> (bit % 64) & 1 == 0 || !self.pieces.contains(piece) {
                continue;
            }
            let range = plain.range(at, at + PIECE);
            match found.last_mut() {
                Some(last) if last.contains(&range.start) => last.end = last.end.max(range.end),
                _ => found.push(range),
            }
        }
        let text = std::str::from_utf8(&plain.bytes).expect("ASCII");
        for part in &self.short {
            let places = text.match_indices(part).map(|(at, _)| at);
            found.extend(places.map(|at| plain.range(at, at + part.len())));
        }
    }
}

/// A text in the one form in which it is compared: in lower case, a blank as the plus that
/// a form writes for it, and every character that is not ASCII as the same one.
struct Plain {
    bytes: Vec<u8>,
    /// Where each byte begins in the text that was given. Nothing, if that is not asked.
    starts: Option<Vec<u32>>,
    /// Length of that text.
    end: usize,
}

impl Plain {
    fn of(text: &[u8], places: bool) -> Self {
        let mut plain = Self {
            bytes: Vec::with_capacity(text.len()),
            starts: places.then(|| Vec::with_capacity(text.len())),
            end: text.len(),
        };
        for (at, byte) in text.iter().enumerate() {
            plain.push(*byte, at);
        }
        plain
    }

    fn push(&mut self, byte: u8, start: usize) {
        let byte = match byte {
            b' ' => b'+',
            // It continues a character, and belongs to its first byte.
            0x80..=0xBF => return,
            0xC0.. => OTHER,
            byte => byte.to_ascii_lowercase(),
        };
        self.bytes.push(byte);
        if let Some(starts) = &mut self.starts {
            starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        }
    }

    /// Where a byte begins in the text that was given.
    fn start(&self, at: usize) -> usize {
        let start = self.starts.as_ref().and_then(|starts| starts.get(at));
        start.map_or(self.end, |start| *start as usize)
    }

    fn range(&self, from: usize, to: usize) -> Range<usize> {
        self.start(from)..self.start(to)
    }

    /// The same with each escape as what it stands for. `None`: there is none.
    fn decoded(&self) -> Option<Self> {
        let first = (0..self.bytes.len()).find(|at| escape(&self.bytes[*at..]).is_some())?;
        let mut decoded = Self {
            bytes: self.bytes[..first].to_vec(),
            starts: self.starts.as_ref().map(|starts| starts[..first].to_vec()),
            end: self.end,
        };
        let mut at = first;
        while let Some(byte) = self.bytes.get(at) {
            let (byte, length) = escape(&self.bytes[at..]).unwrap_or((*byte, 1));
            decoded.push(byte, self.start(at));
            at += length;
        }
        Some(decoded)
    }
}

/// Any character that is not ASCII.
const OTHER: u8 = 0x7F;

/// The names that HTML has for what keys are made of.
const NAMED: &[(&[u8], u8)] = &[
    (b"amp", b'&'),
    (b"apos", b'\''),
    (b"ast", b'*'),
    (b"bsol", b'\\'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"commat", b'@'),
    (b"dollar", b'$'),
    (b"equals", b'='),
    (b"excl", b'!'),
    (b"gt", b'>'),
    (b"hat", b'^'),
    (b"lbrace", b'{'),
    (b"lcub", b'{'),
    (b"lowbar", b'_'),
    (b"lpar", b'('),
    (b"lsqb", b'['),
    (b"lt", b'<'),
    (b"num", b'#'),
    (b"percnt", b'%'),
    (b"period", b'.'),
    (b"plus", b'+'),
    (b"quest", b'?'),
    (b"quot", b'"'),
    (b"rbrace", b'}'),
    (b"rcub", b'}'),
    (b"rpar", b')'),
    (b"rsqb", b']'),
    (b"semi", b';'),
    (b"sol", b'/'),
    (b"vert", b'|'),
];

/// The byte that the escape at the beginning stands for, and how long that is: of a URL,
/// of JSON and JavaScript, or of HTML.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let digits = |from: usize, count: usize| Some((text.get(from..from + count)?, from + count));
    let hex =
        |from, count| digits(from, count).and_then(|(hex, end)| Some((number(hex, 16)?, end)));
    match text {
        [b'%' | b'\\', b'u', ..] => hex(2, 4).map(|(code, end)| (character(code), end)),
        [b'%', ..] => byte(hex(1, 2)?),
        [b'\\', b'x', ..] => byte(hex(2, 2)?),
        [b'\\', c @ (b'/' | b'"' | b'\'' | b'\\'), ..] => Some((*c, 2)),
        [b'&', b'#', ..] => {
            let (from, base) = match text.get(2) {
                Some(b'x') => (3, 16),
                _ => (2, 10),
            };
            let rest = text.get(from..)?;
            // Some write zeros before it.
            let is_digit = |c: &&u8| char::from(**c).is_digit(base);
            let count = rest.iter().take(10).take_while(is_digit).count();
            let code = number(&rest[..count], base)?;
            let closed = usize::from(rest.get(count) == Some(&b';'));
            Some((character(code), from + count + closed))
        }
        [b'&', rest @ ..] => {
            let length = rest.iter().take(8).position(|c| *c == b';')?;
            let found = NAMED.iter().find(|(name, _)| *name == &rest[..length])?;
            Some((found.1, length + 2))
        }
        _ => None,
    }
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    let is_digit = |c: &u8| char::from(*c).is_digit(base);
    let all = digits.iter().all(is_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| all)?;
    u32::from_str_radix(text, base).ok()
}

fn byte((code, end): (u32, usize)) -> Option<(u8, usize)> {
    Some((u8::try_from(code).ok()?, end))
}

/// The first byte of a character, or one that continues it.
fn character(code: u32) -> u8 {
    match code {
        0..0x80 => code as u8,
        // The second half of one.
        0xDC00..0xE000 => 0x80,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests;
