#!/usr/bin/env bash
# The response is the file.
set -euo pipefail
curl -sSf "$ORIGIN/api/v2/environments/acme/prod-k8s/auditlog?from_timestamp=$((FROM_MS / 1000))&to_timestamp=$((TO_MS / 1000))" \
  -H "Authorization: Bearer $TOKEN" -o "$OUT"
