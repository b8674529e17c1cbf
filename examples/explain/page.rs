//! Text for a terminal, in colours or without. What comes from a token cannot steer the terminal.

use std::fmt::Write;

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
            Self::Good => "\u{1b}[32m",
            Self::Bad => "\u{1b}[31m",
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
        self.0.push((style, tame(text.as_ref())));
        self
    }

    /// Adds a piece, and ends the line.
    pub(crate) fn line(&mut self, style: Style, text: impl AsRef<str>) -> &mut Self {
        self.add(style, text).add(Style::Plain, "\n")
    }

    /// Adds a heading.
    pub(crate) fn heading(&mut self, text: &str) -> &mut Self {
        self.add(Style::Plain, "\n").line(Style::Title, text)
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

/// The text with everything that a terminal obeys, or that turns its direction round, spelled out.
pub(crate) fn tame(text: &str) -> String {
    let obeyed = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::new(), |mut tamed, letter| {
        if obeyed(letter) {
            let _ = write!(tamed, "\\u{:04x}", u32::from(letter));
        } else {
            tamed.push(letter);
        }
        tamed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_ours_alone() {
        let page = |in_colors| {
            let mut page = Page::default();
            page.add(Style::Bad, "no").line(Style::Plain, "\u{1b}[2J\u{9b}\u{202e}");
            page.into_text(in_colors)
        };
        assert_eq!(page(false), "no\\u001b[2J\\u009b\\u202e\n");
        assert_eq!(page(true), "\u{1b}[31mno\u{1b}[0m\\u001b[2J\\u009b\\u202e\n");
    }
}
