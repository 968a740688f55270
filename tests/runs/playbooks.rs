//! The playbooks of these tests.

/// Disable everywhere, end the sessions, and say so whatever happened.
pub(crate) const CONTAIN: &str = r#"
language: 1
playbook: contain
title: Contain
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: disable
    do: account.disable
  - id: revoke
    do: account.revoke_sessions
always:
  - id: tell
    do: desk.tell
    with:
      text: "{{ alert.title }}: {{ lane.outcome }}"
"#;

/// The same account, by another team.
pub(crate) const CUT_OFF: &str = r#"
language: 1
playbook: cut-off
title: Cut off
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: disable
    do: account.disable
    at: [active_directory]
"#;

/// A call that must not be repeated and cannot be read back.
pub(crate) const RING: &str = r#"
language: 1
playbook: ring
title: Ring
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
steps:
  - id: ring
    do: desk.ring
    with: { text: "wake up" }
"#;

/// Disabled for eight hours.
pub(crate) const FOR_A_WHILE: &str = r#"
language: 1
playbook: for-a-while
title: For a while
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: disable
    do: account.disable
    at: [active_directory]
    undo: { after: 8h }
"#;

/// Everywhere at once, after a while.
pub(crate) const AT_ONCE: &str = r#"
language: 1
playbook: at-once
title: At once
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - wait: { for: 2m }
  - parallel:
      - id: ad
        do: account.disable
        at: [active_directory]
      - id: cloud
        do: account.disable
        at: [entra_id, okta]
        on_error: continue
      - choose:
          - if: { all: [ account.privileged: { is: true } ], if_unknown: skip }
            steps:
              - do: desk.tell
                with: { text: a privileged account }
          - otherwise:
              - do: account.revoke_sessions
                on_error: continue
always:
  - do: desk.tell
    with: { text: "{{ lane.outcome }}" }
"#;

/// A person is asked first, and whoever agrees has agreed to exactly these calls.
pub(crate) const ASKING: &str = r#"
language: 1
playbook: asking
title: Ask first
mode: act
approval: { ask: [soc], expires: 1h }
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
steps:
  - id: confirm
    ask: { question: "Cut off {{ account.key }}?" }
  - id: disable
    do: account.disable
    at: [active_directory]
    approval: ask
always:
  - id: tell
    do: desk.tell
    with: { text: "{{ lane.outcome }}" }
"#;

/// Later steps read what earlier ones led to, and some want to know what only a directory knows.
pub(crate) const CAREFUL: &str = r#"
language: 1
playbook: careful
title: Careful
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: account
unless:
  any:
    - account.groups: { any_of: [Break Glass] }
steps:
  - id: who
    do: directory.get_user
    on_error: continue
  - id: privileged
    if:
      all:
        - who.is_privileged: { is: true }
      if_unknown: run
    do: desk.tell
    with: { text: "a privileged account" }
  - id: disable
    if:
      all:
        - who.is_privileged: { is: false }
    do: account.disable
    at: [active_directory]
    on_error: continue
  - id: failed
    if:
      all:
        - disable.failed: { is: true }
    do: desk.tell
    with: { text: "could not be disabled" }
"#;
