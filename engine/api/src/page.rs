//! The pages of `/answer/…`, and what `/run/…` makes its own of: plain HTML without scripts, in which everything that
//! comes from outside is text.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use quell_action::TextFormat;

use crate::desk::{NoAnswer, Sheet};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 1em;color:#1b1f24}\
h1{font-size:1.3em}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em}dt{color:#57606a}dd{margin:0}\
button{font:inherit;padding:.6em 1.4em;border:0;border-radius:6px;color:#fff;background:#1f6f43}\
button.stops{background:#a4262c}input{font:inherit;padding:.4em;width:100%;box-sizing:border-box}\
.small{color:#57606a;font-size:.9em}";

/// The question, and the button that answers it.
pub(crate) fn question(sheet: &Sheet) -> Response {
    let class = if sheet.stops { "stops" } else { "goes-on" };
    let who = match sheet.personal {
        true => String::new(),
        false => {
            "<p><label>Your name, for the record<br><input name=\"remark\" maxlength=\"200\"></label></p>"
                .into()
        }
    };
    let main = format!(
        "<p>{}</p>{}<form method=\"post\">{who}<p><button class=\"{class}\" type=\"submit\">Answer: {}</button></p></form>\
         <p class=\"small\">The answer is given in the name of {} and cannot be taken back. It can be given until {}.</p>",
        lines(&sheet.question),
        facts(&sheet.facts),
        escaped(&sheet.choice),
        escaped(&sheet.by),
        sheet.expires.format("%Y-%m-%d %H:%M UTC"),
    );
    page(StatusCode::OK, &sheet.title, &main)
}

/// The answer was taken in.
pub(crate) fn thanks(sheet: &Sheet) -> Response {
    let more = match sheet.missing {
        0 => String::new(),
        1 => "<p>One more person must give the same answer before it counts.</p>".to_owned(),
        more => format!("<p>{more} more people must give the same answer before it counts.</p>"),
    };
    let main = format!(
        "<p>Your answer is written down: <strong>{}</strong>, by {}.</p>{more}",
        escaped(&sheet.choice),
        escaped(&sheet.by)
    );
    page(StatusCode::OK, "Thank you", &main)
}

/// The answer does not count.
pub(crate) fn refusal(why: &NoAnswer) -> Response {
    let main = format!(
        "<p>{}.</p><p class=\"small\">Open questions are listed by <code>quell approvals</code>.</p>",
        escaped(&sentence(&why.to_string()))
    );
    page(why.status(), "This answer does not count", &main)
}

pub(crate) fn facts(facts: &[(String, String)]) -> String {
    let one =
        |(name, value): &(String, String)| format!("<dt>{}</dt><dd>{}</dd>", escaped(name), lines(value));
    format!("<dl>{}</dl>", facts.iter().map(one).collect::<String>())
}

pub(crate) fn page(status: StatusCode, title: &str, main: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} - Quell</title><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>{main}</body></html>"
    );
    let named = |name: &'static str, value: &'static str| (HeaderName::from_static(name), value);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        named(
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        // The address is the secret: no page that is opened from here may learn it.
        named("referrer-policy", "no-referrer"),
        named("x-content-type-options", "nosniff"),
        named("x-robots-tag", "noindex"),
    ];
    (status, headers, html).into_response()
}

pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lines(text: &str) -> String {
    escaped(text).replace('\n', "<br>")
}

pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    TextFormat::Html.escape(text)
}
