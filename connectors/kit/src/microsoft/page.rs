//! Lists that come in pages.

use quell_action::ActionError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::success;
use crate::{Api, Ask, Deadline};

/// A list of more pages than this is not read to its end: it is an error, never a part taken for the whole.
pub const MAX_PAGES: usize = 50;

/// Reads a list with all its pages. What `first` has besides its address goes with each of them.
///
/// # Errors
/// When one of the pages could not be read, or there are too many.
pub async fn pages<T: DeserializeOwned>(
    api: &Api,
    first: Ask,
    deadline: Deadline,
) -> Result<Vec<T>, ActionError> {
    beginning(api, first, usize::MAX, deadline).await
}

/// Reads a list until so many are there, or all of them. What comes after them is not asked for.
///
/// # Errors
/// As [`pages`].
pub async fn beginning<T: DeserializeOwned>(
    api: &Api,
    first: Ask,
    most: usize,
    deadline: Deadline,
) -> Result<Vec<T>, ActionError> {
    let mut all = Vec::new();
    let mut ask = first;
    for _ in 0..MAX_PAGES {
        let answer = success(api.ask(ask.clone(), deadline).await?)?;
        let page: Page<T> = answer.json()?;
        all.extend(page.value);
        // Some write an empty one where there is none.
        match page.next.filter(|link| !link.is_empty()) {
            Some(link) if all.len() < most => ask = ask.at(api.next_page(&link)?),
            _ => {
                all.truncate(most);
                return Ok(all);
            }
        }
    }
    Err(ActionError::rejected(format!("the list has more than {MAX_PAGES} pages; it is not read in part")))
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink", alias = "nextLink", default)]
    next: Option<String>,
}
