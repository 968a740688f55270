//! The codes of diagnostics, each with its page: what, why, how to mend.
//!
//! A code is stable for ever and never used for anything else. The pages are part of the program.

use std::fmt;

use serde::{Serialize, Serializer};

/// The code of a kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    /// `PB0101`.
    pub id: &'static str,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// The code that is called so, whatever the case in which it was typed.
pub fn find(id: &str) -> Option<Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

/// Every code, in order.
pub const ALL: &[Code] = &[
    TOO_LARGE,
    NOT_UTF8,
    TAB,
    BROKEN,
    DUPLICATE_KEY,
    AMBIGUOUS,
    ANCHOR,
    SEVERAL_DOCUMENTS,
    TOO_DEEP,
    EMPTY_FILE,
    UNQUOTED_TEMPLATE,
    READERS_DIFFER,
    INVISIBLE,
    UNKNOWN_KEY,
    MISSING_KEY,
    WRONG_SHAPE,
    LANGUAGE,
    BAD_NAME,
    FILE_NAME,
    SAME_NAME,
    UNKNOWN_WORD,
    EMPTY,
    DURATION,
    OUT_OF_BOUNDS,
    ONE_VERB,
    STEP_ID_TAKEN,
    NEEDS_QUOTES,
    BAD_CHOICE,
    UNKNOWN_ACTION,
    NOT_CONFIGURED,
    PROVIDER,
    UNKNOWN_TEAM,
    UNKNOWN_PARAMETER,
    MISSING_PARAMETER,
    NO_TARGET,
    TEXT_AS_TARGET,
    IRREVERSIBLE,
    NOBODY_TO_ASK,
    NOT_READABLE,
    LOOSER_LIMIT,
    UNKNOWN_LIST,
    NO_CARRIER,
    UNKNOWN_CONNECTION,
    UNKNOWN_NAME,
    OUT_OF_SCOPE,
    TOO_EARLY,
    UNKNOWN_OPERATOR,
    OPERATOR_KIND,
    VALUE_KIND,
    BAD_PATH,
    QUANTIFIER,
    BAD_PATTERN,
    BAD_NETWORK,
    UNKNOWN_PRODUCT,
    BAD_TECHNIQUE,
    ONE_OPERATOR,
    ONE_SUBJECT,
    MISPLACED,
    BAD_TEMPLATE,
    PARAMETER_KIND,
    PARAMETERS,
    NAME_AS_TEXT,
    OPPOSITE,
    NEVER_HOLDS,
    ANSWERS,
    NEVER_ASKED,
    NEVER_CHANGES,
    UNREACHABLE,
    ONCE_MORE,
    BAD_SCHEDULE,
    CIRCLE,
    NEVER_HELD,
    NEVER_HIT,
    NOBODY_NAMED,
    NOT_CALLED,
    NOT_TESTED,
    UNKNOWN_PLAYBOOK,
];

/// The file is too large.
pub const TOO_LARGE: Code = Code { id: "PB0101", page: include_str!("codes/PB0101.md") };

/// The file is not UTF-8.
pub const NOT_UTF8: Code = Code { id: "PB0102", page: include_str!("codes/PB0102.md") };

/// A tab where blanks belong.
pub const TAB: Code = Code { id: "PB0103", page: include_str!("codes/PB0103.md") };

/// The file is not YAML.
pub const BROKEN: Code = Code { id: "PB0104", page: include_str!("codes/PB0104.md") };

/// A key stands twice.
pub const DUPLICATE_KEY: Code = Code { id: "PB0105", page: include_str!("codes/PB0105.md") };

/// A word that readers of YAML do not agree on.
pub const AMBIGUOUS: Code = Code { id: "PB0106", page: include_str!("codes/PB0106.md") };

/// Anchors, aliases, tags, merge keys.
pub const ANCHOR: Code = Code { id: "PB0107", page: include_str!("codes/PB0107.md") };

/// Several documents in one file.
pub const SEVERAL_DOCUMENTS: Code = Code { id: "PB0108", page: include_str!("codes/PB0108.md") };

/// Too deep, or too many parts.
pub const TOO_DEEP: Code = Code { id: "PB0109", page: include_str!("codes/PB0109.md") };

/// Nothing in the file.
pub const EMPTY_FILE: Code = Code { id: "PB0110", page: include_str!("codes/PB0110.md") };

/// A template without quotes.
pub const UNQUOTED_TEMPLATE: Code = Code { id: "PB0111", page: include_str!("codes/PB0111.md") };

/// Two readers understand the file differently.
pub const READERS_DIFFER: Code = Code { id: "PB0112", page: include_str!("codes/PB0112.md") };

/// A character that cannot be seen.
pub const INVISIBLE: Code = Code { id: "PB0113", page: include_str!("codes/PB0113.md") };

/// A key that does not exist.
pub const UNKNOWN_KEY: Code = Code { id: "PB0201", page: include_str!("codes/PB0201.md") };

/// A key that must be there.
pub const MISSING_KEY: Code = Code { id: "PB0202", page: include_str!("codes/PB0202.md") };

/// A map where a list belongs, and the like.
pub const WRONG_SHAPE: Code = Code { id: "PB0203", page: include_str!("codes/PB0203.md") };

/// Another version of the language.
pub const LANGUAGE: Code = Code { id: "PB0205", page: include_str!("codes/PB0205.md") };

/// A name that is not written as names are.
pub const BAD_NAME: Code = Code { id: "PB0206", page: include_str!("codes/PB0206.md") };

/// The file is called something else.
pub const FILE_NAME: Code = Code { id: "PB0207", page: include_str!("codes/PB0207.md") };

/// Two playbooks have one name.
pub const SAME_NAME: Code = Code { id: "PB0208", page: include_str!("codes/PB0208.md") };

/// A word that is none of the words that can stand there.
pub const UNKNOWN_WORD: Code = Code { id: "PB0209", page: include_str!("codes/PB0209.md") };

/// Nothing where something belongs.
pub const EMPTY: Code = Code { id: "PB0210", page: include_str!("codes/PB0210.md") };

/// A span of time that is not written as spans are.
pub const DURATION: Code = Code { id: "PB0211", page: include_str!("codes/PB0211.md") };

/// A number outside its bounds.
pub const OUT_OF_BOUNDS: Code = Code { id: "PB0212", page: include_str!("codes/PB0212.md") };

/// A step with no verb, or with two.
pub const ONE_VERB: Code = Code { id: "PB0213", page: include_str!("codes/PB0213.md") };

/// A step id that is taken.
pub const STEP_ID_TAKEN: Code = Code { id: "PB0214", page: include_str!("codes/PB0214.md") };

/// A number or a boolean where text belongs.
pub const NEEDS_QUOTES: Code = Code { id: "PB0215", page: include_str!("codes/PB0215.md") };

/// Something that cannot be an answer.
pub const BAD_CHOICE: Code = Code { id: "PB0216", page: include_str!("codes/PB0216.md") };

/// No such action.
pub const UNKNOWN_ACTION: Code = Code { id: "PB0301", page: include_str!("codes/PB0301.md") };

/// No configured connector offers the action.
pub const NOT_CONFIGURED: Code = Code { id: "PB0302", page: include_str!("codes/PB0302.md") };

/// The provider does not offer the action.
pub const PROVIDER: Code = Code { id: "PB0303", page: include_str!("codes/PB0303.md") };

/// No such team.
pub const UNKNOWN_TEAM: Code = Code { id: "PB0304", page: include_str!("codes/PB0304.md") };

/// The action has no such parameter.
pub const UNKNOWN_PARAMETER: Code = Code { id: "PB0305", page: include_str!("codes/PB0305.md") };

/// The action needs a parameter.
pub const MISSING_PARAMETER: Code = Code { id: "PB0306", page: include_str!("codes/PB0306.md") };

/// The action acts on something that is not in scope.
pub const NO_TARGET: Code = Code { id: "PB0307", page: include_str!("codes/PB0307.md") };

/// Text where a target belongs.
pub const TEXT_AS_TARGET: Code = Code { id: "PB0308", page: include_str!("codes/PB0308.md") };

/// An undo of what cannot be undone.
pub const IRREVERSIBLE: Code = Code { id: "PB0309", page: include_str!("codes/PB0309.md") };

/// A question, and nobody to ask.
pub const NOBODY_TO_ASK: Code = Code { id: "PB0310", page: include_str!("codes/PB0310.md") };

/// A verification of what cannot be read back.
pub const NOT_READABLE: Code = Code { id: "PB0311", page: include_str!("codes/PB0311.md") };

/// A limit looser than the site's.
pub const LOOSER_LIMIT: Code = Code { id: "PB0315", page: include_str!("codes/PB0315.md") };
/// No such named list.
pub const UNKNOWN_LIST: Code = Code { id: "PB0320", page: include_str!("codes/PB0320.md") };
/// A connection that cannot carry this question.
pub const NO_CARRIER: Code = Code { id: "PB0325", page: include_str!("codes/PB0325.md") };

/// No such connection, or one that does not offer the action.
pub const UNKNOWN_CONNECTION: Code = Code { id: "PB0321", page: include_str!("codes/PB0321.md") };

/// No such name in scope.
pub const UNKNOWN_NAME: Code = Code { id: "PB0401", page: include_str!("codes/PB0401.md") };

/// The name is not in scope here.
pub const OUT_OF_SCOPE: Code = Code { id: "PB0402", page: include_str!("codes/PB0402.md") };

/// A step that has not run yet.
pub const TOO_EARLY: Code = Code { id: "PB0403", page: include_str!("codes/PB0403.md") };

/// No such operator.
pub const UNKNOWN_OPERATOR: Code = Code { id: "PB0404", page: include_str!("codes/PB0404.md") };

/// The operator cannot be asked of this kind of value.
pub const OPERATOR_KIND: Code = Code { id: "PB0405", page: include_str!("codes/PB0405.md") };

/// The value is not of the kind of its subject.
pub const VALUE_KIND: Code = Code { id: "PB0406", page: include_str!("codes/PB0406.md") };

/// The path is wrong.
pub const BAD_PATH: Code = Code { id: "PB0407", page: include_str!("codes/PB0407.md") };

/// The path may find several values.
pub const QUANTIFIER: Code = Code { id: "PB0408", page: include_str!("codes/PB0408.md") };

/// The pattern is wrong.
pub const BAD_PATTERN: Code = Code { id: "PB0409", page: include_str!("codes/PB0409.md") };

/// The network is wrong.
pub const BAD_NETWORK: Code = Code { id: "PB0410", page: include_str!("codes/PB0410.md") };

/// No such product.
pub const UNKNOWN_PRODUCT: Code = Code { id: "PB0411", page: include_str!("codes/PB0411.md") };

/// No technique is written like that.
pub const BAD_TECHNIQUE: Code = Code { id: "PB0412", page: include_str!("codes/PB0412.md") };

/// No operator, or two.
pub const ONE_OPERATOR: Code = Code { id: "PB0413", page: include_str!("codes/PB0413.md") };

/// Two subjects in one item.
pub const ONE_SUBJECT: Code = Code { id: "PB0414", page: include_str!("codes/PB0414.md") };

/// `as`, `some`, `every` or `exactly` where it means nothing.
pub const MISPLACED: Code = Code { id: "PB0415", page: include_str!("codes/PB0415.md") };

/// The template is wrong.
pub const BAD_TEMPLATE: Code = Code { id: "PB0501", page: include_str!("codes/PB0501.md") };

/// A value of the wrong kind for a parameter.
pub const PARAMETER_KIND: Code = Code { id: "PB0502", page: include_str!("codes/PB0502.md") };

/// Parameters that do not fit together.
pub const PARAMETERS: Code = Code { id: "PB0503", page: include_str!("codes/PB0503.md") };

/// Text that reads like a name in scope.
pub const NAME_AS_TEXT: Code = Code { id: "PB0504", page: include_str!("codes/PB0504.md") };

/// Opposite things done to the same kind of target.
pub const OPPOSITE: Code = Code { id: "PB0601", page: include_str!("codes/PB0601.md") };

/// A condition that can never hold.
pub const NEVER_HOLDS: Code = Code { id: "PB0602", page: include_str!("codes/PB0602.md") };

/// Answers from which nothing follows.
pub const ANSWERS: Code = Code { id: "PB0603", page: include_str!("codes/PB0603.md") };

/// Approvers whom nothing asks.
pub const NEVER_ASKED: Code = Code { id: "PB0604", page: include_str!("codes/PB0604.md") };

/// A wait for something that cannot change.
pub const NEVER_CHANGES: Code = Code { id: "PB0605", page: include_str!("codes/PB0605.md") };

/// A step that no lane comes to.
pub const UNREACHABLE: Code = Code { id: "PB0606", page: include_str!("codes/PB0606.md") };

/// The same done twice.
pub const ONCE_MORE: Code = Code { id: "PB0607", page: include_str!("codes/PB0607.md") };

/// No moment is written like that.
pub const BAD_SCHEDULE: Code = Code { id: "PB0701", page: include_str!("codes/PB0701.md") };

/// No such playbook.
pub const UNKNOWN_PLAYBOOK: Code = Code { id: "PB0702", page: include_str!("codes/PB0702.md") };

/// The playbook is not made to be called.
pub const NOT_CALLED: Code = Code { id: "PB0703", page: include_str!("codes/PB0703.md") };

/// Playbooks that call one another in a circle.
pub const CIRCLE: Code = Code { id: "PB0704", page: include_str!("codes/PB0704.md") };

/// A start that does not give what the playbook needs.
pub const NOBODY_NAMED: Code = Code { id: "PB0705", page: include_str!("codes/PB0705.md") };
/// A condition that holds for none of the sample alerts.
pub const NEVER_HELD: Code = Code { id: "PB0620", page: include_str!("codes/PB0620.md") };

/// A path that finds nothing in any of the sample alerts.
pub const NEVER_HIT: Code = Code { id: "PB0621", page: include_str!("codes/PB0621.md") };

/// A disruptive action that no test expects.
pub const NOT_TESTED: Code = Code { id: "PB0622", page: include_str!("codes/PB0622.md") };
