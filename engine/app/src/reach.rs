//! Finds out how to carry an operation out: through the engine that runs, which holds the store, or without one.

mod listener;

use std::fs;
use std::io::ErrorKind;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use quell_action::lists::{Lists, NamedList};
use quell_api::{Caller, Client, Operations, Token};
use quell_playbook::Moment;
use quell_run::Clock as _;
use quell_store::Store;

use crate::cli::Context;
use crate::clock::SystemClock;
use crate::config::{self, Site};
use crate::environment::{operator, variable};
use crate::operations::Local;
use crate::people;
use crate::wire::{App, Reach, open_store};

/// The file in the state folder that says where the running engine listens.
const ADDRESS: &str = "api.address";
/// The file in the state folder that has the running engine's token.
pub(crate) const TOKEN: &str = "api.token";

/// The variable with the token of whoever is at the keyboard.
const OWN_TOKEN: &str = "QUELL_TOKEN";

/// The operations of a site, and who asks for them.
pub(crate) struct Reached {
    operations: Arc<dyn Operations>,
    pub(crate) caller: Caller,
}

impl Reached {
    /// In whose name: that of whose token it is, or what the environment says.
    pub(crate) fn by(&self) -> String {
        name_of(&self.caller)
    }
}

impl Deref for Reached {
    type Target = dyn Operations;

    fn deref(&self) -> &Self::Target {
        &*self.operations
    }
}

/// The operations of this site: the running engine's, or our own where none runs.
pub(crate) async fn operations(context: &Context) -> anyhow::Result<Reached> {
    reach(config::read(context.config.as_deref())?, async |site| {
        App::without_source(site)
            .await
            .context("no engine runs here, and what the command needs without one could not be opened")
    })
    .await
}

/// The same, for what is on record and nothing else: neither systems nor their secrets are needed for it.
pub(crate) async fn records(context: &Context) -> anyhow::Result<Reached> {
    reach(config::read(context.config.as_deref())?, async |site| {
        App::open(site, Reach::Keeping)
            .await
            .context("no engine runs here, and what the command needs without one could not be opened")
    })
    .await
}

/// The operations of the engine that runs on this site, or those over what is opened where none does.
pub(crate) async fn reach(
    site: Site,
    open: impl AsyncFnOnce(Site) -> anyhow::Result<App>,
) -> anyhow::Result<Reached> {
    if let Some(client) = running(&site).await? {
        let caller = caller_at(&client).await?;
        return Ok(Reached { operations: Arc::new(client), caller });
    }
    let caller = caller_here(&site)?;
    Ok(Reached { operations: Arc::new(Local::new(Arc::new(open(site).await?))), caller })
}

/// Who has the store: the engine that runs, or this process.
pub(crate) enum Keeper {
    Engine(Client),
    Store(Store),
}

/// For what needs the store and nothing else: neither connectors with their secrets nor a good exclusion list. And in
/// whose name it is done.
pub(crate) async fn keeper(context: &Context) -> anyhow::Result<(Keeper, String)> {
    let site = config::read(context.config.as_deref())?;
    if let Some(client) = running(&site).await? {
        let by = name_of(&caller_at(&client).await?);
        return Ok((Keeper::Engine(client), by));
    }
    let by = name_of(&caller_here(&site)?);
    Ok((Keeper::Store(open_store(&site).await?), by))
}

fn name_of(caller: &Caller) -> String {
    match caller {
        Caller::Unnamed => operator(),
        Caller::Person(name) => name.to_string(),
    }
}

/// The token of whoever is at the keyboard, where they have shown one of their own.
fn own_token() -> anyhow::Result<Option<Token>> {
    variable(OWN_TOKEN).map(|text| Token::new(&text)).transpose().context(OWN_TOKEN)
}

/// Whom a running engine takes us for.
async fn caller_at(client: &Client) -> anyhow::Result<Caller> {
    match own_token()? {
        None => Ok(Caller::Unnamed),
        Some(_) => client.caller().await.with_context(|| format!("the engine was shown {OWN_TOKEN}")),
    }
}

/// Who we are where no engine runs that could say it.
fn caller_here(site: &Site) -> anyhow::Result<Caller> {
    let Some(token) = own_token()? else { return Ok(Caller::Unnamed) };
    match people::callers(site)?.whose(&token) {
        Some(caller) => Ok(caller),
        None => bail!("{OWN_TOKEN} holds the token of nobody whom the site file names under `api.people`"),
    }
}

/// The moment that it is now, with the named lists of this site as they are.
pub(crate) async fn moment(context: &Context) -> anyhow::Result<Moment> {
    let now = Moment::from(SystemClock.now());
    let site = config::read(context.config.as_deref())?;
    if site.config.lists.is_empty() {
        return Ok(now);
    }
    let operations = records(context).await?;
    let mut all = Vec::new();
    for name in site.config.lists.keys() {
        let list = match operations.list(name).await {
            Ok(list) => NamedList::new(list.content),
            Err(refusal) => NamedList::unreadable(refusal.message),
        };
        all.push((name.clone(), list));
    }
    Ok(Moment { lists: Arc::new(Lists::new(all)), ..now })
}

/// A client of the engine that runs on this site, if one does.
pub(crate) async fn running(site: &Site) -> anyhow::Result<Option<Client>> {
    let state = &site.config.state;
    let word = match fs::File::open(state.join(ADDRESS)) {
        Ok(word) => word,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return own_token()?.map(|token| from_outside(site, token)).transpose();
        }
        Err(_) => return Ok(None),
    };
    // The engine holds its word as long as it lives. Behind that of a dead one anybody may listen by now.
    if word.try_lock_shared().is_ok() {
        return Ok(None);
    }
    let Ok(address) = std::io::read_to_string(word) else { return Ok(None) };
    let listens =
        tokio::time::timeout(Duration::from_secs(2), tokio::net::TcpStream::connect(address.trim())).await;
    if !matches!(listens, Ok(Ok(_))) {
        return Ok(None);
    }
    let token = match own_token()? {
        Some(token) => token,
        None => engines_token(state)?,
    };
    Ok(Some(Client::new(address.trim(), token)?))
}

/// For somebody who may not look into the state folder, and has a token of their own: where the site file says that the
/// engine listens. Whoever else listens there must not learn the token.
fn from_outside(site: &Site, token: Token) -> anyhow::Result<Client> {
    let (state, listen) = (&site.config.state, site.config.api.listen);
    let owner = fs::metadata(state).with_context(|| format!("{} cannot be seen", state.display()))?.uid();
    if !listener::is_of(listen, owner) {
        bail!(
            "no engine of the owner of {} listens at {listen} (`api.listen`, a fixed port), so your token was not sent there",
            state.display()
        );
    }
    Ok(Client::new(&listen.to_string(), token)?)
}

fn engines_token(state: &Path) -> anyhow::Result<Token> {
    let path = state.join(TOKEN);
    let token = fs::read_to_string(&path)
        .with_context(|| format!("an engine runs, and its token {} could not be read", path.display()))?;
    Ok(Token::new(&token)?)
}

/// The word that an engine has left: good until this is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Word(#[expect(dead_code, reason = "its lock is what counts")] fs::File);

/// Leaves word in the state folder of where the engine listens, and with which token; owner-only.
pub(crate) fn announce(state: &Path, address: &str, token: &str) -> anyhow::Result<Word> {
    write_private(&state.join(TOKEN), token)?;
    let path = state.join(ADDRESS);
    let word = write_private(&path, address)?;
    word.lock().with_context(|| format!("{} could not be locked", path.display()))?;
    Ok(Word(word))
}

/// Takes the word back.
pub(crate) fn withdraw(state: &Path) {
    for name in [ADDRESS, TOKEN] {
        if let Err(error) = fs::remove_file(state.join(name)) {
            tracing::debug!(%error, name, "nothing to take away from the state folder");
        }
    }
}

/// Writes a file that only its owner can read, from its first moment on.
fn write_private(path: &Path, text: &str) -> anyhow::Result<fs::File> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let _ = fs::remove_file(path);
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file))
        .with_context(|| format!("{} could not be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// After the engine has died anybody may take its port, and would be shown the token.
    #[test]
    fn a_token_is_not_sent_to_whom_the_state_folder_does_not_belong() {
        let folder = tempfile::tempdir().unwrap();
        let engine = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = engine.local_addr().unwrap();
        let path = folder.path().join("quell.yaml");
        fs::write(&path, format!("language: 1\napi: {{ listen: \"{listen}\" }}\n")).unwrap();
        let site = config::read(Some(&path)).unwrap();
        let sent = || from_outside(&site, Token::new(&"0123".repeat(8)).unwrap());
        assert!(sent().is_err(), "there is no state folder, so nobody whom it belongs to");
        fs::create_dir(folder.path().join("state")).unwrap();
        sent().unwrap();
        drop(engine);
        let refused = format!("{:#}", sent().unwrap_err());
        assert!(refused.contains("was not sent") && !refused.contains("0123"), "{refused}");
    }
}
