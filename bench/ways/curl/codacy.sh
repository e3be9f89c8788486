#!/usr/bin/env bash
# As Codacy's guide has it, and page after page.
set -euo pipefail
page=$(mktemp)
trap 'rm -f "$page"' EXIT
echo 'actor,action,timestamp,result,source,repositoryName,requestDetails' >"$OUT"
cursor=
while
  curl -sSf "$ORIGIN/api/v3/organizations/gh/acme/audit?from=$FROM_MS&to=$TO_MS&limit=1000${cursor:+&cursor=$cursor}" \
    -H "api-token: $TOKEN" -o "$page"
  jq -r '.data[] | [.actor, .action, .timestamp, .result, .source, .repositoryName, .requestDetails] | @csv' "$page" >>"$OUT"
  cursor=$(jq -r '.pagination.cursor // empty' "$page")
  [ -n "$cursor" ]
do :; done
