//! [`SiteCourier`]: carries questions to people through the site's connections, with an answer sealed for each choice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionError, Answering, Callback, Card, Carrier, Choice, Connection, Found, Heard, Recipient,
};
use quell_action::{Reaches, Unheard};
use quell_api::{AnswerLink, NoAnswer, Way};
use quell_playbook::{Carriers, Carries};
use quell_run::{Courier, OpenQuestion};

use crate::config::{Config, Site, Teams};
use crate::connectors;
use crate::pages::Pages;

/// How long one message may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Carries questions through the site's connections.
pub(crate) struct SiteCourier {
    carriers: BTreeMap<String, Arc<dyn Carrier>>,
    teams: Teams,
    /// Left out where the site carries no questions.
    desk: Option<Arc<Pages>>,
}

/// Which connections carry questions to which teams, by their settings alone.
pub(crate) fn carriers(site: &Config) -> Carriers {
    if site.pages.is_none() {
        return Carriers::Off(
            "the site file has no section `pages`, which says where links lead (`public_url`) and how they are sealed \
             (`secret`)"
                .to_owned(),
        );
    }
    let carries = |(name, reaches): (String, Reaches)| {
        let questions = reaches.channel || !reaches.people.is_empty();
        let knows = |person: &String| reaches.people.contains(person) || reaches.channel && *person == name;
        let reached = site.teams.iter().filter(|(_, members)| members.iter().any(knows));
        let teams = reached.map(|(team, _)| team.clone()).collect();
        (name, Carries { questions, teams })
    };
    Carriers::Known(connectors::reaches(site).into_iter().map(carries).collect())
}

impl SiteCourier {
    /// One over these connections.
    pub(crate) fn new(site: &Site, connections: &[Connection], desk: Option<Arc<Pages>>) -> Self {
        let carrier = |one: &Connection| Some((one.name.clone(), one.carrier.as_ref().map(Arc::clone)?));
        Self {
            carriers: connections.iter().filter_map(carrier).collect(),
            teams: site.config.teams.clone(),
            desk,
        }
    }

    /// The people of the teams that are asked; of all teams, where it is nobody in particular.
    pub(crate) fn people(&self, of: &[String]) -> Vec<String> {
        let asked = self.teams.iter().filter(|(team, _)| of.is_empty() || of.contains(team));
        let mut people: Vec<String> = asked.flat_map(|(_, members)| members.iter().cloned()).collect();
        people.sort();
        people.dedup();
        people
    }

    /// What a channel's request says.
    pub(crate) fn hear(&self, connection: &str, callback: &Callback<'_>) -> Result<Heard, NoAnswer> {
        let carrier = self.carriers.get(connection).filter(|one| one.answering() == Answering::Buttons);
        let carrier =
            carrier.ok_or_else(|| NoAnswer::Unheard("no answers come from such a connection".to_owned()))?;
        carrier.hear(callback).map_err(|Unheard(why)| NoAnswer::Unheard(why))
    }

    /// A word for whoever clicked.
    pub(crate) async fn reply(&self, connection: &str, heard: &Heard, word: &str) {
        let Some(carrier) = self.carriers.get(connection) else { return };
        if let Err(error) = carrier.reply(heard, word).await {
            tracing::warn!(connection, %error, "whoever clicked could not be told why it did not count");
        }
    }

    fn carrier(&self, asked: &OpenQuestion) -> Option<&Arc<dyn Carrier>> {
        self.carriers.get(asked.question.through.as_deref()?)
    }

    fn carrier_or_refuse(&self, asked: &OpenQuestion) -> Result<&Arc<dyn Carrier>, ActionError> {
        self.carrier(asked).ok_or_else(|| ActionError::rejected("the site has no such connection any more"))
    }

    /// The question as this recipient sees it, with an answer sealed for each choice.
    fn card(&self, asked: &OpenQuestion, to: &Recipient, answering: Answering) -> Result<Card, ActionError> {
        let closed = || ActionError::rejected("the site file says no more how links are sealed (`pages`)");
        let desk = self.desk.as_ref().ok_or_else(closed)?;
        let question = &asked.question;
        let seal = |choice: &String| {
            let link = AnswerLink {
                run: asked.run.clone(),
                question: question.id.clone(),
                bond: question.bond.clone(),
                choice: choice.clone(),
                through: question.through.clone().unwrap_or_default(),
                person: to.personal.then(|| to.name.clone()),
                way: match answering {
                    Answering::Links => Way::Page,
                    Answering::Buttons => Way::Button,
                },
                expires: question.expires.timestamp(),
            };
            let seal = desk.key.seal(&link);
            Choice {
                label: choice.clone(),
                seal: match answering {
                    Answering::Links => format!("{}answer/{seal}", desk.address),
                    Answering::Buttons => seal,
                },
                stops: question.stopping.contains(choice),
            }
        };
        Ok(Card { choices: question.choices.iter().map(seal).collect(), ..bare(asked, to, "") })
    }
}

/// The question without anything that could answer it.
fn bare(asked: &OpenQuestion, to: &Recipient, suffix: &str) -> Card {
    let question = &asked.question;
    Card {
        key: format!("{}/{}/{}{suffix}", asked.run, question.id, to.name),
        title: format!("Quell asks: {}", asked.alert_title),
        question: question.text.clone(),
        facts: facts(asked),
        choices: Vec::new(),
        expires: question.expires,
    }
}

/// What people should know before they answer: what, whom, why, who else is asked, and until when.
pub(crate) fn facts(asked: &OpenQuestion) -> Vec<(String, String)> {
    let question = &asked.question;
    let mut facts = vec![
        ("Alert".to_owned(), asked.alert_title.clone()),
        ("Playbook".to_owned(), asked.playbook.clone()),
    ];
    if !asked.subjects.is_empty() {
        facts.push(("About".to_owned(), asked.subjects.join(", ")));
    }
    let asked_people = if question.of.is_empty() { "everybody".to_owned() } else { question.of.join(", ") };
    facts.push(("Asked".to_owned(), asked_people));
    if question.quorum > 1 {
        facts.push(("Needed".to_owned(), format!("the same answer from {} people", question.quorum)));
    }
    let silence = match question.if_expired {
        quell_playbook::model::IfExpired::Stop => "then it is not done",
        quell_playbook::model::IfExpired::Continue => "then it is done",
    };
    let until = question.expires.format("%Y-%m-%d %H:%M UTC");
    facts.push(("Until".to_owned(), format!("{until}; {silence}")));
    facts.push(("Run".to_owned(), asked.run.to_string()));
    facts.push(("Plan".to_owned(), question.bond.0.chars().take(12).collect()));
    facts
}

#[async_trait]
impl Courier for SiteCourier {
    fn recipients(&self, asked: &OpenQuestion) -> Result<Vec<Recipient>, String> {
        let through = asked.question.through.as_deref().unwrap_or_default();
        if self.desk.is_none() {
            return Err("the site file does not say how links are sealed (`pages`)".to_owned());
        }
        let Some(carrier) = self.carrier(asked) else {
            return Err(format!("the site has no connection {through} that carries questions"));
        };
        Ok(carrier.recipients(&self.people(&asked.question.of)))
    }

    fn recognises_repetition(&self, asked: &OpenQuestion) -> bool {
        self.carrier(asked).is_some_and(|carrier| carrier.recognises_repetition())
    }

    async fn ask(&self, asked: &OpenQuestion, to: &Recipient) -> Result<Option<String>, ActionError> {
        let carrier = self.carrier_or_refuse(asked)?;
        carrier.ask(to, &self.card(asked, to, carrier.answering())?, TIME_LIMIT).await
    }

    async fn find(&self, asked: &OpenQuestion, to: &Recipient) -> Result<Found, ActionError> {
        self.carrier_or_refuse(asked)?.find(to, &bare(asked, to, ""), TIME_LIMIT).await
    }

    async fn tell(
        &self,
        asked: &OpenQuestion,
        to: &Recipient,
        sent: Option<&str>,
        word: &str,
    ) -> Result<(), ActionError> {
        self.carrier_or_refuse(asked)?.tell(to, sent, &bare(asked, to, "/told"), word, TIME_LIMIT).await
    }
}

#[cfg(test)]
mod tests;
