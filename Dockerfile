# The operator's image: a static binary that was built beforehand, and the certificates
# by which it knows the clouds.
#
#   rustup target add x86_64-unknown-linux-musl
#   export CC_x86_64_unknown_linux_musl=cc
#   cargo build --release --package errand --target x86_64-unknown-linux-musl
#   install -D target/x86_64-unknown-linux-musl/release/errand image/errand
#   install -D /etc/ssl/certs/ca-certificates.crt image/ca-certificates.crt
#   docker build --tag errand:0.1.0 .
FROM scratch
COPY image/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY image/errand /errand
USER 65532:65532
ENTRYPOINT ["/errand"]
