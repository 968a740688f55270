//! What should be done: YAML to checked playbooks, and which of them an alert triggers.

pub mod model;
