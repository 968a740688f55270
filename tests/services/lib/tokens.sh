# shellcheck shell=bash
# JSON web tokens for the broker's OAUTHBEARER listeners, made with openssl alone.

# make_token_key FOLDER: the issuer's key, and the key set that the broker checks against.
make_token_key() {
  [ ! -s "$1/jwks.json" ] || return 0
  mkdir -p "$1"
  (umask 077 && openssl genrsa -out "$1/issuer-key.pem" 2048) 2>/dev/null
  local modulus
  modulus="$(openssl rsa -in "$1/issuer-key.pem" -noout -modulus | sed 's/^Modulus=//')"
  cat >"$1/jwks.json" <<EOF
{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"quell-tests","e":"AQAB",
"n":"$(hex_bytes "$modulus" | base64url)"}]}
EOF
}

# signed_token FOLDER SUBJECT SECONDS: valid for so long (negative: expired so long ago).
signed_token() {
  local signed
  signed="$(base64url <<<'{"alg":"RS256","typ":"JWT","kid":"quell-tests"}').$(claims "$2" "$3" | base64url)"
  echo "$signed.$(printf %s "$signed" | openssl dgst -sha256 -sign "$1/issuer-key.pem" | base64url)"
}

# unsigned_token SUBJECT SECONDS: what Kafka calls an unsecured token.
unsigned_token() {
  echo "$(base64url <<<'{"alg":"none"}').$(claims "$1" "$2" | base64url)."
}

claims() {
  local now
  now="$(date +%s)"
  printf '{"iss":"https://issuer.quell.test","aud":"quell-tests","sub":"%s","scope":"kafka","iat":%d,"exp":%d}' \
    "$1" $((now - 86400)) $((now + $2))
}

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

hex_bytes() { python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' "$1"; }
