//! [`LinkKey`]: the key with which links are sealed. [`AnswerLink`]: what a sealed answer says. [`RunLink`]: what a link
//! to the page of a run says.
//!
//! A seal is a text that anybody may carry and nobody but us can make: what it says, and an HMAC-SHA-256 over exactly
//! those letters. That of an answer names the run, the question, the plan that it is bound to, the answer, the way by which it goes out
//! and, where it is for one person alone, that person. Whoever has it can give that one answer until it expires, so it is
//! a secret of its recipient: it is in no log and in no journal.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use quell_run::{Bond, LaneId, QuestionId, RunId};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Longer texts are not looked at.
const LONGEST: usize = 4096;

const SHORTEST_KEY: usize = 32;

/// What can be sealed. The seal of one kind is of no use as another.
pub trait Sealed: Serialize + DeserializeOwned {
    /// What tells it from everything else that the same key may ever sign.
    const PURPOSE: &'static [u8];
}

impl Sealed for AnswerLink {
    const PURPOSE: &'static [u8] = b"quell answer 1:";
}

impl Sealed for RunLink {
    const PURPOSE: &'static [u8] = b"quell run 1:";
}

/// The key with which links are sealed.
#[derive(Clone)]
pub struct LinkKey(SecretString);

/// What a sealed answer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerLink {
    /// The run that waits.
    #[serde(rename = "r")]
    pub run: RunId,
    /// Its question.
    #[serde(rename = "q")]
    pub question: QuestionId,
    /// What that is bound to.
    #[serde(rename = "b")]
    pub bond: Bond,
    /// The answer.
    #[serde(rename = "c")]
    pub choice: String,
    /// The connection that carries it.
    #[serde(rename = "t")]
    pub through: String,
    /// The one person whom it is for; none where whoever reads a channel can give it.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// How it comes back.
    #[serde(rename = "w")]
    pub way: Way,
    /// It does not count after this moment: seconds since 1970.
    #[serde(rename = "e")]
    pub expires: i64,
}

/// What a link to the page of a run says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLink {
    /// The run.
    #[serde(rename = "r")]
    pub run: RunId,
    /// The lane that can be taken back there; none where the run is only shown.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<LaneId>,
    /// It leads nowhere after this moment: seconds since 1970.
    #[serde(rename = "e")]
    pub expires: i64,
}

/// How a sealed answer comes back. One way's seals are of no use on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// By a page that a person opens.
    #[serde(rename = "p")]
    Page,
    /// By a channel that says who has clicked.
    #[serde(rename = "b")]
    Button,
}

/// A text that is no link of ours: it was changed, cut, or sealed with another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a link that this engine has sealed")]
pub struct Tampered;

impl LinkKey {
    /// A key of this text.
    ///
    /// # Errors
    /// When it is too short to be one.
    pub fn new(secret: &SecretString) -> Result<Self, TooShort> {
        let text = secret.expose_secret().trim();
        match text.len() < SHORTEST_KEY {
            true => Err(TooShort),
            false => Ok(Self(SecretString::from(text.to_owned()))),
        }
    }

    /// Seals a link.
    pub fn seal<T: Sealed>(&self, link: &T) -> String {
        // Texts and a number: nothing in them that JSON could not hold.
        let said = URL_SAFE_NO_PAD.encode(serde_json::to_vec(link).unwrap_or_default());
        let seal = self
            .mac(T::PURPOSE, said.as_bytes())
            .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{said}.{}", seal.unwrap_or_default())
    }

    /// What a sealed link says, if it is one of ours. Its time is for the caller to look at.
    ///
    /// # Errors
    /// When a letter of it is not as we have written it.
    pub fn open<T: Sealed>(&self, text: &str) -> Result<T, Tampered> {
        if text.len() > LONGEST {
            return Err(Tampered);
        }
        let (said, seal) = text.split_once('.').ok_or(Tampered)?;
        // The decoder refuses the letters that would decode to the same bytes: there is one text for each seal.
        let seal = URL_SAFE_NO_PAD.decode(seal).map_err(|_| Tampered)?;
        // Compared in a time that does not tell how much of it was right.
        self.mac(T::PURPOSE, said.as_bytes()).ok_or(Tampered)?.verify_slice(&seal).map_err(|_| Tampered)?;
        let said = URL_SAFE_NO_PAD.decode(said).map_err(|_| Tampered)?;
        serde_json::from_slice(&said).map_err(|_| Tampered)
    }

    fn mac(&self, purpose: &[u8], said: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).ok()?;
        mac.update(purpose);
        mac.update(said);
        Some(mac)
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey([redacted])")
    }
}

/// A text that is too short for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has fewer than {SHORTEST_KEY} characters: make one with `openssl rand -base64 32`")]
pub struct TooShort;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> LinkKey {
        LinkKey::new(&SecretString::from(text)).unwrap()
    }

    fn link() -> AnswerLink {
        AnswerLink {
            run: RunId("0b6c".into()),
            question: QuestionId("0/confirm".into()),
            bond: Bond("ab".repeat(32)),
            choice: "approve".into(),
            through: "mail".into(),
            person: Some("ann".into()),
            way: Way::Page,
            expires: 1_800_000_000,
        }
    }

    #[test]
    fn a_seal_opens_to_what_was_sealed() {
        let key = key("0123456789abcdef0123456789abcdef");
        assert_eq!(key.open(&key.seal(&link())), Ok(link()));
        let nobody = AnswerLink { person: None, ..link() };
        assert_eq!(key.open(&key.seal(&nobody)), Ok(nobody));
    }

    #[test]
    fn a_seal_of_one_kind_is_of_no_use_as_another() {
        let key = key("0123456789abcdef0123456789abcdef");
        let shown = RunLink { run: RunId("0b6c".into()), undo: None, expires: 1_800_000_000 };
        assert_eq!(key.open(&key.seal(&shown)), Ok(shown.clone()));
        assert_eq!(key.open::<AnswerLink>(&key.seal(&shown)), Err(Tampered));
        assert_eq!(key.open::<RunLink>(&key.seal(&link())), Err(Tampered));
        // Not even where what it says would fit.
        let said = key.seal(&shown).split_once('.').unwrap().0.to_owned();
        let mac = key.mac(AnswerLink::PURPOSE, said.as_bytes()).unwrap().finalize().into_bytes();
        assert_eq!(key.open::<RunLink>(&format!("{said}.{}", URL_SAFE_NO_PAD.encode(mac))), Err(Tampered));
    }

    #[test]
    fn every_bit_that_is_flipped_breaks_the_seal() {
        let key = key("0123456789abcdef0123456789abcdef");
        let text = key.seal(&link());
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                let changed = String::from_utf8_lossy(&bytes).into_owned();
                assert_eq!(key.open::<AnswerLink>(&changed), Err(Tampered), "bit {bit} of letter {place}");
            }
        }
    }

    #[test]
    fn nothing_is_cut_off_added_or_put_together() {
        let key = key("0123456789abcdef0123456789abcdef");
        let text = key.seal(&link());
        for end in 0..text.len() {
            assert_eq!(key.open::<AnswerLink>(&text[..end]), Err(Tampered), "cut at {end}");
        }
        let other = key.seal(&AnswerLink { choice: "reject".into(), ..link() });
        let (said, seal) = (text.split_once('.').unwrap().0, other.split_once('.').unwrap().1);
        for text in [
            format!("{said}.{seal}"),
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            format!("{text}."),
        ] {
            assert_eq!(key.open::<AnswerLink>(&text), Err(Tampered), "{text}");
        }
        assert_eq!(key.open::<AnswerLink>(&"a".repeat(1 << 20)), Err(Tampered));
    }

    #[test]
    fn another_key_opens_nothing_and_a_short_one_is_none() {
        let text = key("0123456789abcdef0123456789abcdef").seal(&link());
        assert_eq!(key("0123456789abcdef0123456789abcdee").open::<AnswerLink>(&text), Err(Tampered));
        assert_eq!(LinkKey::new(&SecretString::from("  short  ")).err(), Some(TooShort));
        assert!(!format!("{:?}", key("0123456789abcdef0123456789abcdef")).contains("0123"));
    }
}
