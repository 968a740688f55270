//! The playbook room: what loads, what is refused and in which words, what matches.

mod fixtures;
mod golden;
mod hostile;
mod loading;
mod matching;
mod mutation;
mod paths;
mod scopes;
mod shipped;
mod tutorial;
