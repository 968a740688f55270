//! What can be done to devices.

use quell_action::{ActionSpec, Impact, Repeat, TargetKind};
use quell_alert::Provider;

use super::{BASE, Row, SETS, Takes};
use crate::deed::{Deed, Sets, Wanted};

const DEVICE: ActionSpec =
    ActionSpec { target: TargetKind::Device, provider: Provider::DEFENDER_ENDPOINT, ..BASE };

/// The account of a device in the domain.
const COMPUTER: ActionSpec = ActionSpec {
    provider: Provider::ACTIVE_DIRECTORY,
    permissions: &["Read userAccountControl", "Write userAccountControl"],
    ..DEVICE
};

/// A job runs over there, and is found again by its key.
const JOB: ActionSpec = ActionSpec { repeat: Repeat::Keyed, readable: false, ..DEVICE };

pub(crate) const ROWS: &[Row] = &[
    Row {
        spec: ActionSpec {
            name: "device.isolate",
            undo: Some("device.release"),
            permissions: &["Machine.Isolate"],
            summary: "Cuts the device off from the network, apart from its own protection.",
            ..DEVICE
        },
        takes: Takes::Isolation,
        deed: Deed::Sets(Sets { values: &[("isolation", Wanted::Param("kind"))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "device.release",
            impact: Impact::Restoring,
            undo: Some("device.isolate"),
            permissions: &["Machine.Isolate"],
            summary: "Lets an isolated device back onto the network.",
            ..DEVICE
        },
        takes: Takes::Comment,
        deed: Deed::Sets(Sets { values: &[("isolation", Wanted::Word("none"))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "device.disable_account",
            undo: Some("device.enable_account"),
            summary: "Disables the device's computer account in its Active Directory domain: it can no longer sign in there.",
            ..COMPUTER
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("enabled", Wanted::Flag(false))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "device.enable_account",
            impact: Impact::Restoring,
            undo: Some("device.disable_account"),
            summary: "Enables the device's computer account in its Active Directory domain: it can sign in there again.",
            ..COMPUTER
        },
        takes: Takes::Nothing,
        deed: Deed::Sets(Sets { values: &[("enabled", Wanted::Flag(true))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "device.restrict_apps",
            undo: Some("device.unrestrict_apps"),
            permissions: &["Machine.RestrictExecution"],
            summary: "Lets only programs run that the maker of the system has signed.",
            ..DEVICE
        },
        takes: Takes::Comment,
        deed: Deed::Sets(Sets { values: &[("apps_restricted", Wanted::Flag(true))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "device.unrestrict_apps",
            impact: Impact::Restoring,
            undo: Some("device.restrict_apps"),
            permissions: &["Machine.RestrictExecution"],
            summary: "Lets all programs run again.",
            ..DEVICE
        },
        takes: Takes::Comment,
        deed: Deed::Sets(Sets { values: &[("apps_restricted", Wanted::Flag(false))], ..SETS }),
    },
    Row {
        spec: ActionSpec {
            name: "device.scan",
            permissions: &["Machine.Scan"],
            summary: "Starts a virus scan.",
            ..JOB
        },
        takes: Takes::Scan,
        deed: Deed::Starts,
    },
    Row {
        spec: ActionSpec {
            name: "device.collect_package",
            permissions: &["Machine.CollectForensics"],
            summary: "Collects what an investigator needs from the device.",
            ..JOB
        },
        takes: Takes::Comment,
        deed: Deed::Starts,
    },
    Row {
        spec: ActionSpec {
            name: "device.investigate",
            permissions: &["Alert.ReadWrite.All"],
            summary: "Starts an automatic investigation of the device.",
            ..JOB
        },
        takes: Takes::Comment,
        deed: Deed::Starts,
    },
    Row {
        spec: ActionSpec {
            name: "device.tag",
            impact: Impact::Informing,
            undo: Some("device.tag"),
            permissions: &["Machine.ReadWrite.All"],
            summary: "Sets a tag on the device; its undo takes the tag away.",
            ..DEVICE
        },
        takes: Takes::Tag,
        deed: Deed::Tags,
    },
    Row {
        spec: ActionSpec {
            name: "file.quarantine",
            permissions: &["Machine.StopAndQuarantine"],
            summary: "Stops a file on the device and locks it away.",
            ..JOB
        },
        takes: Takes::File,
        deed: Deed::Starts,
    },
];
