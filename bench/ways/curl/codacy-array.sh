#!/usr/bin/env bash
# Codacy's other shape: day by day, since an answer has no pages.
set -euo pipefail
echo 'actor.email,actor.role,action,timestamp,result,source,repositoryName,description,entityId,details' >"$OUT"
day_ms=86400000
for ((day = FROM_MS; day < TO_MS; day += day_ms)); do
  last=$((day + day_ms < TO_MS ? day + day_ms - 1 : TO_MS - 1))
  curl -sSf "$ORIGIN/api/v3/organizations/gh/acme/audit?from=$day&to=$last" -H "api-token: $TOKEN" |
    jq -r 'def cell: if type == "object" or type == "array" then tojson else . end;
      .[] | [.actor.email, .actor.role, .action, .timestamp, .result, .source, .repositoryName, .description, .entityId, .details]
      | map(cell) | @csv' >>"$OUT"
done
