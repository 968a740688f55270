//! Against the published vectors: RFC 7515, appendices A.2 and A.3, and RFC 9449, section 4.

use std::path::PathBuf;

use aws_lc_rs::encoding::AsDer;
use sha2::{Digest, Sha256};

use super::*;
use crate::scripted::Signed;

const RSA: &str = include_str!("rfc7515-rsa.json");
const ELLIPTIC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const RSA_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_\
    O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0G\
    arZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A\
    XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

fn read(text: &str) -> Result<PrivateKey, ConnectError> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("key");
    std::fs::write(&path, text).unwrap();
    PrivateKey::read(&SecretRef::File(path))
}

/// The text of a PEM file.
fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn an_rsa_key_signs_as_published() {
    let key = read(RSA).unwrap();
    let text = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
    let signature = key.signature(text.as_bytes(), &RSA_PKCS1_SHA256).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(signature), RSA_SIGNATURE);
    assert_eq!((key.algorithm(), key.id()), ("RS256", Some("2011-04-29")));
    let whole: Value = serde_json::from_str(RSA).unwrap();
    assert_eq!(key.public_jwk(), json!({ "e": "AQAB", "kty": "RSA", "n": whole["n"] }));
}

#[test]
fn what_is_signed_is_verified_with_the_public_half_and_with_no_other() {
    let (rsa, elliptic) = (read(RSA).unwrap(), read(ELLIPTIC).unwrap());
    assert_eq!((elliptic.algorithm(), elliptic.id()), ("ES256", None));
    for key in [
        &rsa,
        &elliptic,
        &PrivateKey::generate(Algorithm::Rs256).unwrap(),
        &PrivateKey::generate(Algorithm::Es256).unwrap(),
    ] {
        let text = key.sign(json!({ "typ": "JWT" }), &json!({ "sub": "x" })).unwrap();
        let signed = Signed::read(&text).unwrap();
        assert_eq!(signed.header, json!({ "typ": "JWT", "alg": key.algorithm() }));
        assert_eq!(signed.claims, json!({ "sub": "x" }));
        assert!(signed.verifies_with(&key.public_jwk()));
        let other = PrivateKey::generate(Algorithm::Es256).unwrap();
        assert!(!signed.verifies_with(&other.public_jwk()));
        assert!(!signed.verifies_with(&json!({})));
        let forged = Signed::read(&text.replacen("eyJzdWIiOiJ4In0", "eyJzdWIiOiJ5In0", 1)).unwrap();
        assert!(!forged.verifies_with(&key.public_jwk()), "other claims under the same signature");
    }
    let published = "eyJhbGciOiJFUzI1NiJ9.".to_owned()
        + PAYLOAD
        + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(Signed::read(&published).unwrap().verifies_with(&elliptic.public_jwk()));
}

#[test]
fn the_public_half_stands_in_the_order_of_a_thumbprint_and_holds_nothing_private() {
    let text = r#"{"crv":"P-256","kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#;
    assert_eq!(
        URL_SAFE_NO_PAD.encode(Sha256::digest(text)),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        "the published thumbprint"
    );
    let elliptic = read(ELLIPTIC).unwrap().public_jwk().to_string();
    assert!(elliptic.starts_with(r#"{"crv":"P-256","kty":"EC","x":"f83"#), "{elliptic}");
    for key in [RSA, ELLIPTIC] {
        let shown = read(key).unwrap().public_jwk();
        let whole: Value = serde_json::from_str(key).unwrap();
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(shown.get(private).is_none());
            let number = whole[private].as_str().unwrap_or("never there");
            assert!(!format!("{shown} {:?}", read(key).unwrap()).contains(number));
        }
    }
}

#[test]
fn every_usual_form_of_a_key_file_is_read() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
    // Behind its heading of 26 bytes, PKCS#8 holds the key in its older form, PKCS#1.
    let whole = |text: &str| read(text).unwrap().public_jwk();
    let expected = whole(&pem("PRIVATE KEY", pkcs8.as_ref()));
    assert_eq!(whole(&pem("RSA PRIVATE KEY", &pkcs8.as_ref()[26..])), expected);
    assert_eq!(whole(&pem("PRIVATE KEY", pkcs8.as_ref()).replace('\n', "\r\n")), expected);

    let elliptic = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let sec1 =
        AsDer::<aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_>>::as_der(&elliptic.private_key()).unwrap();
    let expected = whole(&pem("PRIVATE KEY", elliptic.to_pkcs8v1().unwrap().as_ref()));
    assert_eq!(whole(&pem("EC PRIVATE KEY", sec1.as_ref())), expected);
}

#[test]
fn what_cannot_sign_is_refused_and_nothing_of_it_repeated() {
    let whole: Value = serde_json::from_str(RSA).unwrap();
    let change = |name: &str, value: Value| {
        let mut key = whole.clone();
        key[name] = value;
        key.to_string()
    };
    let curve = ELLIPTIC.replace("P-256", "P-384");
    let point = ELLIPTIC.replace("x_FEz", "x_FEy");
    for (text, word) in [
        ("planted".to_owned(), "neither a private key in PEM form"),
        (pem("PUBLIC KEY", b"planted"), "neither a private key in PEM form"),
        (pem("ENCRYPTED PRIVATE KEY", b"planted"), "passphrase"),
        (pem("PRIVATE KEY", b"planted"), "2048 bits"),
        (pem("RSA PRIVATE KEY", b"planted"), "2048 bits"),
        (pem("EC PRIVATE KEY", b"planted"), "P-256"),
        ("{\"planted\":1}".to_owned(), "not a JSON Web Key"),
        (change("kty", json!("OKP")), "of a kind"),
        (change("d", Value::Null), "public half alone"),
        (change("qi", Value::Null), "public half alone"),
        (change("n", json!("AQAB")), "do not make"),
        (change("p", json!("AQAB")), "do not make"),
        (change("d", json!("planted!")), "base64url"),
        (curve, "only P-256"),
        (point, "do not make"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(word), "{word}: {error}");
        assert!(!error.contains("planted") && !error.contains("AQAB"), "{error}");
    }
}
