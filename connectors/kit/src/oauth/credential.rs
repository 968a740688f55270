//! [`ClientCredential`]: what a program signs in with, as the user writes it.

use std::path::PathBuf;

use quell_action::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SecretRef;

/// What the program signs in with. Choose one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientCredential {
    /// A secret that was given out for the application: `{ env: NAME }` or `{ file: PATH }`. Read anew for each token,
    /// so that a renewed one needs no restart.
    Secret(SecretRef),
    /// A certificate that was registered with the application: no secret ever leaves this computer.
    Certificate(CertificateRef),
    /// A token of another system that the application trusts (Kubernetes, a build service): no secret at all.
    WorkloadIdentity(WorkloadIdentityRef),
    /// The identity that the cloud gives to the computer on which this program runs: no secret at all.
    ManagedIdentity(ManagedIdentityRef),
}

/// A certificate and its private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateRef {
    /// The PEM file with the certificate.
    pub certificate: PathBuf,
    /// Where its private key lies, in PEM: `{ env: NAME }` or `{ file: PATH }`.
    pub key: SecretRef,
}

/// Where the token of the other system lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadIdentityRef {
    /// The file in which the other system keeps its token fresh; it is read anew for each sign-in.
    pub token_file: PathBuf,
}

/// Where the cloud hands out the computer's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ManagedIdentityRef {
    /// Where the address of the identity service lies, for App Service and Container Apps:
    /// `{ env: IDENTITY_ENDPOINT }`. Virtual machines need none.
    pub endpoint: Option<SecretRef>,
    /// Where the header that the service wants lies: `{ env: IDENTITY_HEADER }`. Only together with `endpoint`.
    pub header: Option<SecretRef>,
    /// Whether the computer has several identities: the application id of the one to use.
    pub client_id: Option<String>,
}

impl ClientCredential {
    /// What is wrong with it; `place` is where it stands.
    pub fn check(&self, place: &str) -> Vec<Problem> {
        let empty = |field: &str, path: &PathBuf| {
            path.as_os_str().is_empty().then(|| Problem {
                place: format!("{place}.{field}"),
                message: "takes the path of a file".into(),
            })
        };
        match self {
            Self::Secret(_) => Vec::new(),
            Self::Certificate(certificate) => {
                empty("certificate.certificate", &certificate.certificate).into_iter().collect()
            }
            Self::WorkloadIdentity(workload) => {
                empty("workload_identity.token_file", &workload.token_file).into_iter().collect()
            }
            Self::ManagedIdentity(managed) => match managed.header.is_some() && managed.endpoint.is_none() {
                true => vec![Problem {
                    place: format!("{place}.managed_identity.header"),
                    message: "goes with endpoint: give both, or none on a virtual machine".into(),
                }],
                false => Vec::new(),
            },
        }
    }
}
