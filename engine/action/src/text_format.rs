//! [`TextFormat`]: in which format a text is read, and how a text is put into it unchanged.

use std::borrow::Cow;

use serde::Serialize;

/// In which format a text is read at its destination: what a playbook puts into it is escaped for that. A parameter
/// declares it as JSON Schema does: `#[schemars(extend("contentMediaType" = "text/html"))]`. One that escapes for itself
/// declares nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// As it stands.
    #[default]
    Plain,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Text inside a JSON document.
    Json,
}

impl TextFormat {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::Plain
    }

    pub(crate) fn of_media(media_type: Option<&str>) -> Self {
        match media_type {
            Some("text/html") => Self::Html,
            Some("text/markdown") => Self::Markdown,
            Some("application/json") => Self::Json,
            _ => Self::Plain,
        }
    }

    /// The format of this word; one that is not known is plain.
    pub fn named(word: &str) -> Self {
        let all = [Self::Plain, Self::Markdown, Self::Html, Self::Json];
        all.into_iter().find(|format| format.word() == word).unwrap_or_default()
    }

    /// A text in this format that is read as exactly these letters.
    pub fn escape(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(text),
            Self::Html => replaced(text, &HTML),
            Self::Markdown => replaced(text, &MARKDOWN),
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
            }
        }
    }
}

const HTML: [(char, &str); 5] =
    [('<', "&lt;"), ('>', "&gt;"), ('&', "&amp;"), ('"', "&quot;"), ('\'', "&#x27;")];

const MARKDOWN: [(char, &str); 12] = [
    ('\\', "\\\\"),
    ('`', "\\`"),
    ('*', "\\*"),
    ('_', "\\_"),
    ('[', "\\["),
    (']', "\\]"),
    ('<', "&lt;"),
    ('>', "&gt;"),
    ('#', "\\#"),
    ('|', "\\|"),
    ('~', "\\~"),
    ('!', "\\!"),
];

fn replaced<'t>(text: &'t str, marks: &[(char, &str)]) -> Cow<'t, str> {
    let instead = |letter: char| marks.iter().find(|(mark, _)| *mark == letter).map(|(_, instead)| *instead);
    if !text.chars().any(|letter| instead(letter).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match instead(letter) {
            Some(words) => out.push_str(words),
            None => out.push(letter),
        }
    }
    Cow::Owned(out)
}
