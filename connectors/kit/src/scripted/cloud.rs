//! [`ScriptedCloud`]: a vendor behind a sign-in that keeps its state, is held to its contract, and misbehaves as told:
//! for all calls, or for one of them.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;

use super::{DeafServer, Exchange, Mishaps, Reply, ScriptedServer, Seen, TokenDesk, behave, refusing_url};
use crate::conformance::{Mishap, Vendor};
use crate::contract::Contract;

/// A vendor in the cloud, under the control of a test.
pub struct ScriptedCloud {
    server: ScriptedServer,
    inner: Arc<Inner>,
    deaf: DeafServer,
    down: String,
}

struct Inner {
    contract: Arc<Contract>,
    desk: TokenDesk,
    refuse: fn(u16) -> Reply,
    vendor: Mutex<Vendor>,
    mishaps: Mishaps,
    only_reads: Mutex<fn(&Seen) -> bool>,
}

impl ScriptedCloud {
    /// Starts one. `script` keeps the vendor's state and answers what is fit to be answered; `refuse` is the vendor's
    /// way of saying no with a status.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start(
        contract: Contract,
        refuse: fn(u16) -> Reply,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let inner = Arc::new(Inner {
            contract: Arc::new(contract),
            desk: TokenDesk::default(),
            refuse,
            vendor: Mutex::new(Vendor::Answers),
            mishaps: Mishaps::default(),
            only_reads: Mutex::new(|seen| seen.method == "GET"),
        });
        let behind = Arc::clone(&inner);
        let held = Arc::clone(&inner.contract).hold(refuse(400), script);
        let server = ScriptedServer::start(move |seen| behind.reply(seen, &held)).await?;
        Ok(Self { server, inner, deaf: DeafServer::start().await?, down: refusing_url().await? })
    }

    /// Lets it behave so from now on, to every call. Says where its interface is then.
    pub fn behave_as(&self, vendor: Vendor) -> String {
        *self.inner.vendor.lock() = vendor;
        match vendor {
            Vendor::IsDown => self.down.clone(),
            Vendor::HangsBefore => self.deaf.url(),
            _ => self.server.url(),
        }
    }

    /// Where programs sign in.
    pub fn login_url(&self) -> String {
        self.server.url()
    }

    /// Says which calls only read, where those are not the ones with `GET`.
    pub fn only_reads(&self, which: fn(&Seen) -> bool) {
        *self.inner.only_reads.lock() = which;
    }

    /// Counts calls anew, and lets this happen at one of them, or nothing.
    pub fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.inner.mishaps.expect(mishap);
    }

    /// How many calls came since, apart from those for tokens.
    pub fn calls(&self) -> usize {
        self.inner.mishaps.calls()
    }

    /// The sign-in.
    pub fn desk(&self) -> &TokenDesk {
        &self.inner.desk
    }

    /// The contract, with what was violated of it.
    pub fn contract(&self) -> &Contract {
        &self.inner.contract
    }

    /// Every request so far with its answer, apart from those for tokens.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let all = self.server.exchanges();
        all.into_iter().filter(|exchange| !is_sign_in(&exchange.seen)).collect()
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.server.seen()
    }
}

impl Inner {
    fn reply(&self, seen: &Seen, script: impl Fn(&Seen) -> Reply) -> Reply {
        let vendor = *self.vendor.lock();
        if is_sign_in(seen) {
            return match vendor {
                Vendor::RefusesCredentials => {
                    Reply::json(401, &json!({ "error": "invalid_client", "error_codes": [7_000_215] }))
                }
                _ => self.desk.issue(seen),
            };
        }
        let mishap = self.mishaps.next();
        if mishap == Some(Mishap::TokenEnds) {
            self.desk.expire_all();
        }
        if !self.desk.accepts(seen) {
            return (self.refuse)(401);
        }
        match mishap {
            None | Some(Mishap::TokenEnds) => {
                let writes = !(*self.only_reads.lock())(seen);
                behave(vendor, writes, || script(seen), self.refuse)
            }
            Some(mishap) => mishap.happens(|| script(seen), self.refuse),
        }
    }
}

fn is_sign_in(seen: &Seen) -> bool {
    seen.path.contains("/oauth2/")
}
