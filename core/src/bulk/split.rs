use csv_core::{ReadRecordResult, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter};

use super::{Format, MAX_LINE};
use crate::error::{Error, ErrorCode, Result};

/// Most cells in a row; more than twice the columns there are.
const MAX_CELLS: usize = 64;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A place between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub byte: u64,
    /// The number of the line that begins here, from 1.
    pub line: u64,
}

impl Place {
    /// The beginning of a file.
    pub const START: Self = Self { byte: 0, line: 1 };
}

/// A line, or a row of CSV, which may stretch over several lines. Empty ones are left out.
#[derive(Debug)]
pub struct Record {
    /// The number of its first line in the file, from 1.
    pub line: u64,
    /// Its cells (JSONL: one, the whole line); or why it cannot be read.
    pub cells: Result<Vec<String>>,
}

/// Cuts bytes into records. Give it a file piece by piece; it holds at most one record of
/// [`MAX_LINE`] bytes, and throws away what is longer.
pub struct Splitter {
    cutter: Cutter,
    held: Box<[u8]>,
    used: usize,
    ends: [usize; MAX_CELLS],
    cells: usize,
    fault: Option<Fault>,
    begun: Option<u64>,
    at: Place,
}

enum Cutter {
    Lines,
    Rows(Box<csv_core::Reader>),
}

#[derive(Clone, Copy)]
enum Fault {
    TooLong,
    TooManyCells,
}

/// What a step came to.
enum Step {
    NeedsMore,
    Complete,
}

impl Splitter {
    /// Begins at a place where a record begins.
    pub fn new(format: Format, at: Place) -> Self {
        Self {
            cutter: match format {
                Format::Jsonl => Cutter::Lines,
                // A carriage return ends no row: rows are counted as lines are.
                Format::Csv => Cutter::Rows(Box::new(
                    ReaderBuilder::new()
                        .terminator(Terminator::Any(b'\n'))
                        .build(),
                )),
            },
            held: vec![0; MAX_LINE].into_boxed_slice(),
            used: 0,
            ends: [0; MAX_CELLS],
            cells: 0,
            fault: None,
            begun: None,
            at,
        }
    }

    /// Takes bytes up to the end of a record and says how many; no record means that all were taken.
    pub fn push(&mut self, bytes: &[u8]) -> (usize, Option<Record>) {
        let mut taken = 0;
        while taken < bytes.len() {
            if self.begun.is_none() {
                taken += self.skip_breaks(&bytes[taken..]);
                if taken == bytes.len() {
                    break;
                }
                self.begun = Some(self.at.line);
            }
            let (count, step) = self.step(&bytes[taken..]);
            self.pass(&bytes[taken..taken + count]);
            taken += count;
            if matches!(step, Step::Complete)
                && let Some(record) = self.record()
            {
                return (taken, Some(record));
            }
        }
        (taken, None)
    }

    /// The last record of a file that does not end with a line break.
    pub fn end(&mut self) -> Option<Record> {
        self.begun?;
        if matches!(self.cutter, Cutter::Rows(_)) {
            // An empty piece tells the CSV reader that the file is over.
            while matches!(self.step(&[]).1, Step::NeedsMore) {}
        }
        self.record()
    }

    /// Behind the record that came last: where another splitter may go on.
    pub fn place(&self) -> Place {
        self.at
    }

    fn skip_breaks(&mut self, bytes: &[u8]) -> usize {
        let count = bytes
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        self.pass(&bytes[..count]);
        count
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.at.byte += bytes.len() as u64;
        self.at.line += memchr_iter(b'\n', bytes).count() as u64;
    }

    /// Takes bytes and says how many.
    fn step(&mut self, bytes: &[u8]) -> (usize, Step) {
        match &mut self.cutter {
            Cutter::Lines => self.step_line(bytes),
            Cutter::Rows(reader) => {
                let (told, taken, written, ended) = reader.read_record(
                    bytes,
                    &mut self.held[self.used..],
                    &mut self.ends[self.cells..],
                );
                self.used += written;
                self.cells += ended;
                let step = match told {
                    ReadRecordResult::InputEmpty => Step::NeedsMore,
                    ReadRecordResult::OutputFull => self.overflow(Fault::TooLong),
                    ReadRecordResult::OutputEndsFull => self.overflow(Fault::TooManyCells),
                    ReadRecordResult::Record | ReadRecordResult::End => Step::Complete,
                };
                (taken, step)
            }
        }
    }

    fn step_line(&mut self, bytes: &[u8]) -> (usize, Step) {
        let end = memchr(b'\n', bytes);
        let part = &bytes[..end.unwrap_or(bytes.len())];
        match self.held.get_mut(self.used..self.used + part.len()) {
            Some(room) if self.fault.is_none() => {
                room.copy_from_slice(part);
                self.used += part.len();
            }
            _ => self.fault = Some(Fault::TooLong),
        }
        match end {
            Some(end) => (end + 1, Step::Complete),
            None => (bytes.len(), Step::NeedsMore),
        }
    }

    /// Forgets what is held, and reads on to the record's end.
    fn overflow(&mut self, fault: Fault) -> Step {
        self.fault.get_or_insert(fault);
        self.used = 0;
        self.cells = 0;
        Step::NeedsMore
    }

    /// What is held, as a record; nothing when it is blank. Makes room for the next one.
    fn record(&mut self) -> Option<Record> {
        let line = self.begun.take()?;
        let cells = match self.fault.take() {
            Some(fault) => Err(fault.into()),
            None => self.cells(line),
        };
        self.used = 0;
        self.cells = 0;
        let blank = matches!(&cells, Ok(cells) if cells.iter().all(|cell| cell.trim().is_empty()));
        (!blank).then_some(Record { line, cells })
    }

    fn cells(&self, line: u64) -> Result<Vec<String>> {
        let text = std::str::from_utf8(&self.held[..self.used]).map_err(|error| {
            let message = format!(
                "The line is not UTF-8 text (byte {} of it). Save the file as UTF-8.",
                error.valid_up_to() + 1
            );
            Error::new(ErrorCode::BadRequest, message)
        })?;
        let first = line == 1;
        let mark = |text: &str| {
            let without = text.strip_prefix(BYTE_ORDER_MARK).filter(|_| first);
            without.unwrap_or(text).to_owned()
        };
        if matches!(self.cutter, Cutter::Lines) {
            return Ok(vec![mark(text)]);
        }
        let starts = std::iter::once(&0).chain(&self.ends);
        let last = self.cells.saturating_sub(1);
        let cells = starts
            .zip(&self.ends[..self.cells])
            .map(|(start, end)| text.get(*start..*end).unwrap_or_default())
            .enumerate()
            .map(|(index, cell)| {
                let broken = cell.strip_suffix('\r').filter(|_| index == last);
                broken.unwrap_or(cell)
            });
        Ok(cells
            .enumerate()
            .map(|(index, cell)| {
                if index == 0 {
                    mark(cell)
                } else {
                    cell.to_owned()
                }
            })
            .collect())
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let (code, message) = match fault {
            Fault::TooLong => (
                ErrorCode::PayloadTooLarge,
                format!(
                    "The line is longer than {MAX_LINE} bytes. If it seems short, look for a quotation mark that is never closed."
                ),
            ),
            Fault::TooManyCells => (
                ErrorCode::BadRequest,
                format!("The row has more than {MAX_CELLS} cells."),
            ),
        };
        Self::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything a file holds when it comes in pieces of this size: line, place behind, cells or code.
    fn split(
        format: Format,
        file: &[u8],
        piece: usize,
    ) -> Vec<(u64, Place, Result<Vec<String>, ErrorCode>)> {
        let mut splitter = Splitter::new(format, Place::START);
        let mut found = Vec::new();
        for piece in file.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (taken, record) = splitter.push(rest);
                assert!(taken > 0, "no progress");
                assert!(splitter.held.len() == MAX_LINE && splitter.used <= MAX_LINE);
                rest = &rest[taken..];
                found.extend(record.map(|record| (record, splitter.place())));
            }
        }
        found.extend(splitter.end().map(|record| (record, splitter.place())));
        let told = |(record, place): (Record, Place)| {
            (record.line, place, record.cells.map_err(|error| error.code))
        };
        found.into_iter().map(told).collect()
    }

    fn texts(format: Format, file: &str) -> Vec<(u64, Vec<String>)> {
        let all = split(format, file.as_bytes(), 7);
        all.into_iter()
            .map(|(line, _, cells)| (line, cells.unwrap()))
            .collect()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn lines_keep_their_numbers_and_empty_ones_are_left_out() {
        assert_eq!(
            texts(Format::Jsonl, "\u{feff}{\"a\":1}\r\n\n  \n{}\nlast"),
            [row(1, &["{\"a\":1}\r"]), row(4, &["{}"]), row(5, &["last"])]
        );
        assert_eq!(texts(Format::Jsonl, "\n\n"), []);
    }

    #[test]
    fn rows_may_stretch_over_lines() {
        let file = "\u{feff}key,text\r\n1,\"two\r\nlines, and \"\"quotes\"\"\"\r\n\r\n,\r\n2,x\r\n3,\"open\nto the end";
        assert_eq!(
            texts(Format::Csv, file),
            [
                row(1, &["key", "text"]),
                row(2, &["1", "two\r\nlines, and \"quotes\""]),
                row(6, &["2", "x"]),
                row(7, &["3", "open\nto the end"]),
            ]
        );
    }

    #[test]
    fn a_carriage_return_alone_ends_no_row() {
        assert_eq!(
            texts(Format::Csv, "key,text\r\n1,a\rb\r\n2,\"c\"\r\n"),
            [
                row(1, &["key", "text"]),
                row(2, &["1", "a\rb"]),
                row(3, &["2", "c"])
            ]
        );
        assert_eq!(
            texts(Format::Csv, "key,text\r1,a\r2,b"),
            [row(1, &["key", "text\r1", "a\r2", "b"])]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
        let mut file = b"ok\n\xff\xfe\n".to_vec();
        file.extend(vec![b'x'; 10 * MAX_LINE]);
        file.extend(b"\nok\n");
        file.extend(vec![b'y'; MAX_LINE]);
        for format in [Format::Jsonl, Format::Csv] {
            let told: Vec<_> = split(format, &file, 1000)
                .into_iter()
                .map(|(line, _, cells)| (line, cells.err()))
                .collect();
            let expected = [
                (1, None),
                (2, Some(ErrorCode::BadRequest)),
                (3, Some(ErrorCode::PayloadTooLarge)),
                (4, None),
            ];
            assert_eq!(told[..4], expected);
            assert_eq!(told.len(), 5);
        }
        let wide = format!("{}\nok\n", ",x".repeat(200));
        let told = split(Format::Csv, wide.as_bytes(), 50);
        assert_eq!(told[0].2, Err(ErrorCode::BadRequest));
        assert_eq!(told[1].2, Ok(vec!["ok".to_owned()]));
    }

    #[test]
    fn a_hundred_thousand_lines_need_room_for_one() {
        let line = "k,\"a text of some length, with a comma\"\n";
        for format in [Format::Jsonl, Format::Csv] {
            let file = line.repeat(100_000);
            let all = split(format, file.as_bytes(), 64 * 1024);
            assert_eq!(all.len(), 100_000);
            assert_eq!(all[99_999].0, 100_000);
            assert_eq!(all[99_999].1.byte, file.len() as u64);
        }
    }

    proptest! {
        #[test]
        fn any_cut_and_any_resumption_tell_the_same(
            file in "([a-c,\"\r\n é]|\"\"|\r\n){0,60}",
            piece in 1..20usize,
        ) {
            for format in [Format::Jsonl, Format::Csv] {
                let whole = split(format, file.as_bytes(), 1000);
                prop_assert_eq!(&split(format, file.as_bytes(), piece), &whole);
                let lines = whole.iter().map(|(line, _, _)| line);
                prop_assert!(lines.is_sorted_by(|one, next| one < next));
                for (index, (_, place, _)) in whole.iter().enumerate() {
                    let mut splitter = Splitter::new(format, *place);
                    let mut rest = &file.as_bytes()[place.byte as usize..];
                    let mut found = Vec::new();
                    while !rest.is_empty() {
                        let (taken, record) = splitter.push(rest);
                        rest = &rest[taken..];
                        found.extend(record);
                    }
                    found.extend(splitter.end());
                    let told: Vec<_> = found.into_iter().map(|record| (record.line, record.cells.map_err(|error| error.code))).collect();
                    let expected: Vec<_> = whole[index + 1..].iter().map(|(line, _, cells)| (*line, cells.clone())).collect();
                    prop_assert_eq!(told, expected);
                }
            }
        }
    }
}
