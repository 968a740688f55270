# shellcheck shell=bash
# A private certificate authority for one service, made with openssl. Needs `die`.

# make_certificates FOLDER NAME...: keeps what is there while it is valid, else makes
#   ca.pem                       the authority to trust
#   cert.pem key.pem             server, for NAME..., localhost and 127.0.0.1
#   client.pem client-key.pem    a client of the same authority
#   other-ca.pem                 an authority that signed none of them
make_certificates() {
  local folder="$1"
  ! openssl x509 -noout -checkend 86400 -in "$folder/cert.pem" >/dev/null 2>&1 || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  shift
  (
    cd "$folder"
    umask 077
    new_authority ca 'Quell test authority'
    new_authority other-ca 'Unrelated test authority'
    new_certificate cert key "$1" serverAuth "$(printf 'DNS:%s,' "$@")DNS:localhost,IP:127.0.0.1"
    new_certificate client client-key quell-client clientAuth DNS:quell-client
    chmod 644 ca.pem other-ca.pem cert.pem client.pem
  ) >"$folder/openssl.log" 2>&1 || { mv "$folder" "$folder.failed"; die "openssl failed, see $folder.failed/openssl.log"; }
}

new_authority() { # file stem, common name
  openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 825 -subj "/CN=$2" \
    -keyout "$1-key.pem" -out "$1.pem" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
}

new_certificate() { # certificate stem, key stem, common name, extended key usage, alternative names
  openssl req -newkey rsa:2048 -nodes -sha256 -subj "/CN=$3" -keyout "$2.pem" -out request.pem
  printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature,keyEncipherment' \
    "extendedKeyUsage=$4" "subjectAltName=$5" >extensions
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
    -days 800 -sha256 -extfile extensions -out "$1.pem"
  rm -f request.pem extensions
}
