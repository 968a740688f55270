//! `through`: the connection that carries a question to people, and whether it reaches somebody who is asked; and whether
//! links lead anywhere.

use super::Check;
use crate::carriers::Carriers;
use crate::codes;
use crate::parse::{Node, Span};

impl Check<'_> {
    /// Whether the site has pages that a link could lead to.
    pub(super) fn pages(&mut self, link: &str, span: &Span) -> bool {
        let Carriers::Off(why) = &self.site.surroundings.carriers else { return true };
        let message = format!("`{link}` leads nowhere: {why}");
        self.say(codes::NO_CARRIER, span, message, |d| d.help("or leave the link out"));
        false
    }

    /// Whether this connection of the site carries questions to somebody of each of these teams.
    pub(super) fn carrier(&mut self, through: &str, teams: &[String], node: &Node) -> Option<()> {
        let surroundings = self.site.surroundings;
        let known = match &surroundings.carriers {
            Carriers::Unknown => return Some(()),
            Carriers::Off(why) => {
                let message = format!("`{through}` cannot carry questions: {why}");
                self.say(codes::NO_CARRIER, &node.span, message, |d| {
                    d.help("people can answer in the terminal and through the interface without `through`")
                });
                return None;
            }
            Carriers::Known(known) => known,
        };
        let able = || known.iter().filter(|(_, carries)| carries.questions).map(|(name, _)| name.as_str());
        let Some(carries) = known.get(through).filter(|carries| carries.questions) else {
            let message = match known.contains_key(through) {
                true => format!("the connection `{through}` carries no questions"),
                false => format!("the site has no connection `{through}`"),
            };
            let nearest = crate::nearest::one(through, able()).map(str::to_owned);
            let expected = match able().next() {
                Some(_) => format!("one of {}", able().collect::<Vec<_>>().join(", ")),
                None => "a connection to chat or mail under `connectors` of the site file".to_owned(),
            };
            self.say(codes::NO_CARRIER, &node.span, message, |d| {
                d.found(through).expected(expected).nearest(nearest)
            });
            return None;
        };
        // A team that the site does not have is another mistake, and said already.
        let is_team =
            |team: &&String| surroundings.teams.is_empty() || surroundings.teams.contains_key(*team);
        let unreached = teams.iter().filter(is_team).find(|team| !carries.teams.contains(*team));
        let Some(unreached) = unreached.cloned() else { return Some(()) };
        let message = format!("`{through}` reaches nobody of the team `{unreached}`");
        self.say(codes::NO_CARRIER, &node.span, message, |d| {
            d.help(format!(
                "where whoever reads that channel may answer, list `{through}` itself in the team; where people answer in \
                 their own name (mail, Slack with a signing secret), name members of `{unreached}` under \
                 `connectors.{through}.people` of the site file"
            ))
        });
        None
    }
}
