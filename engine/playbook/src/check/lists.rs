//! Named lists: the site has the list that a playbook names.

use super::Check;
use crate::condition::{Membership, Operator, Which};
use crate::parse::Node;
use crate::{codes, nearest};

impl Check<'_> {
    /// `in_list: vip-users`.
    pub(super) fn membership(&mut self, node: &Node, which: Which) -> Option<Operator> {
        let list = self.list_of_site(node)?;
        Some(Operator::InList(Membership { list, which }))
    }

    /// The name of a list that the site has.
    pub(super) fn list_of_site(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node, "the name of a list")?;
        let Some(known) = &self.site.surroundings.lists else { return Some(name) };
        if known.contains(&name) {
            return Some(name);
        }
        let nearest = nearest::one(&name, known.iter().map(String::as_str)).map(str::to_owned);
        let message = format!("the site has no list `{name}`");
        let known = known.join(", ");
        self.say(codes::UNKNOWN_LIST, &node.span, message, |d| {
            let d = d.found(name.clone()).nearest(nearest);
            let d = if known.is_empty() { d } else { d.expected(format!("one of {known}")) };
            d.help(format!("lists are named in the site file: `lists: {{ {name}: {{}} }}`"))
        });
        None
    }
}
