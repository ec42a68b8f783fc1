# The operator's image: a static binary that was built beforehand, the certificates by
# which it knows the clouds, and the list of what it is built from (CycloneDX).
#
#   rustup target add x86_64-unknown-linux-musl
#   install -D "$(.ci/build release)" image/errand
#   install -D /etc/ssl/certs/ca-certificates.crt image/ca-certificates.crt
#   install -m 644 sbom.cdx.json image/sbom.cdx.json
#   docker build --tag errand:0.1.0 .
FROM scratch
COPY image/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY image/sbom.cdx.json /sbom.cdx.json
COPY image/errand /errand
USER 65532:65532
ENTRYPOINT ["/errand"]
