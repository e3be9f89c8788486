#!/usr/bin/env bash
# Page after page by offset, until one is short.
set -euo pipefail
page=$(mktemp)
trap 'rm -f "$page"' EXIT
echo 'id,ipAddress,userAgent,userAgentType,expiresAt,createdAt,updatedAt,orgId,projectId,projectName,event.type,event.metadata,actor.type,actor.metadata' >"$OUT"
for ((offset = 0; ; offset += 1000)); do
  curl -sSf "$ORIGIN/api/v1/organization/audit-logs?startDate=$FROM&endDate=$TO&offset=$offset&limit=1000" \
    -H "Authorization: Bearer $TOKEN" -o "$page"
  jq -r 'def cell: if type == "object" or type == "array" then tojson else . end;
    .auditLogs[] | [.id, .ipAddress, .userAgent, .userAgentType, .expiresAt, .createdAt, .updatedAt, .orgId, .projectId,
      .projectName, .event.type, .event.metadata, .actor.type, .actor.metadata] | map(cell) | @csv' "$page" >>"$OUT"
  [ "$(jq '.auditLogs | length' "$page")" -eq 1000 ] || break
done
