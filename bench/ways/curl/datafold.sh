#!/usr/bin/env bash
# One response, through a pipe.
set -euo pipefail
echo 'action,client_ip,event_uuid,is_support_user,log_entry,object_id,object_type,payload,referer,request_type,source,status,timestamp,url,user_agent,user_email,user_id' >"$OUT"
curl -sSf -X GET "$ORIGIN/api/v1/audit_logs" -H "Authorization: Key $TOKEN" -H 'Content-Type: application/json' \
  -d "{\"start_date\": \"$FROM\", \"end_date\": \"$TO\"}" |
  jq -r 'def cell: if type == "object" or type == "array" then tojson else . end;
    .logs[] | [.action, .client_ip, .event_uuid, .is_support_user, .log_entry, .object_id, .object_type, .payload, .referer,
      .request_type, .source, .status, .timestamp, .url, .user_agent, .user_email, .user_id] | map(cell) | @csv' >>"$OUT"
