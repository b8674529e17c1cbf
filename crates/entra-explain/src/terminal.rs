//! Text for a terminal, in colours or without. No text of a token can control the terminal.

use std::fmt::Write;

/// Where lines are broken, in characters.
const WIDTH: usize = 100;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Title,
    Good,
    Bad,
    Dim,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Title => "\u{1b}[1m",
            Self::Good => "\u{1b}[1;32m",
            Self::Bad => "\u{1b}[1;31m",
            Self::Dim => "\u{1b}[2m",
        }
    }
}

/// Pieces of text in their order.
#[derive(Debug, Default)]
pub(crate) struct Page(Vec<(Style, String)>);

impl Page {
    /// Adds a piece.
    pub(crate) fn add(&mut self, style: Style, text: impl AsRef<str>) -> &mut Self {
        self.0.push((style, escape(text.as_ref())));
        self
    }

    /// Adds a piece, and ends the line.
    pub(crate) fn line(&mut self, style: Style, text: impl AsRef<str>) -> &mut Self {
        self.add(style, text).add(Style::Plain, "\n")
    }

    /// Adds a heading after an empty line.
    pub(crate) fn heading(&mut self, text: &str) -> &mut Self {
        self.add(Style::Plain, "\n").line(Style::Title, text)
    }

    /// Adds sentences in lines that are not too long: `first` before the first one, as many spaces before the others.
    pub(crate) fn paragraph(&mut self, style: Style, first: &str, text: &str) -> &mut Self {
        self.item(Style::Plain, first, style, text)
    }

    /// Adds a paragraph whose beginning looks different.
    pub(crate) fn item(&mut self, mark: Style, first: &str, style: Style, text: &str) -> &mut Self {
        let indent = first.chars().count();
        let mut prefix = first.to_owned();
        for line in text.lines() {
            for line in wrapped(line, WIDTH.saturating_sub(indent)) {
                self.add(mark, &prefix).line(style, line);
                prefix = " ".repeat(indent);
            }
        }
        self
    }

    /// All of it.
    pub(crate) fn into_text(self, in_colors: bool) -> String {
        self.0.into_iter().fold(String::new(), |mut page, (style, text)| {
            if in_colors && style != Style::Plain {
                let _ = write!(page, "{}{text}\u{1b}[0m", style.code());
            } else {
                page.push_str(&text);
            }
            page
        })
    }
}

/// The words in lines of at most `width` characters. A longer word gets its own line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for word in text.split(' ') {
        let added = word.chars().count();
        match lines.last_mut() {
            Some(line) if length + 1 + added <= width => {
                line.push(' ');
                line.push_str(word);
                length += 1 + added;
            }
            _ => {
                lines.push(word.to_owned());
                length = added;
            }
        }
    }
    lines
}

/// The text with all characters escaped that control a terminal or the direction of text.
pub(crate) fn escape(text: &str) -> String {
    let is_control = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::new(), |mut escaped, letter| {
        if is_control(letter) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
        } else {
            escaped.push(letter);
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_from_the_page_alone() {
        let page = |in_colors| {
            let mut page = Page::default();
            page.add(Style::Bad, "no").line(Style::Plain, "\u{1b}[2J\u{9b}\u{202e}");
            page.into_text(in_colors)
        };
        assert_eq!(page(false), "no\\u001b[2J\\u009b\\u202e\n");
        assert_eq!(page(true), "\u{1b}[1;31mno\u{1b}[0m\\u001b[2J\\u009b\\u202e\n");
    }

    #[test]
    fn paragraphs_are_broken_between_words() {
        let mut page = Page::default();
        page.paragraph(Style::Plain, "1. ", &format!("{} {}\nend", "word ".repeat(25).trim(), "x".repeat(120)));
        let text = page.into_text(false);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("1. word") && lines[1].starts_with("   word"), "{text}");
        assert!(lines.iter().filter(|line| line.len() > WIDTH).eq([&lines[2]]), "{text}");
        assert_eq!(lines[3], "   end");
    }
}
