import { get, type Row, type Source } from './source.ts';

const LIMIT = 1000;

export const infisical: Source = {
  columns: [
    ...['id', 'ipAddress', 'userAgent', 'userAgentType', 'expiresAt', 'createdAt', 'updatedAt', 'orgId', 'projectId'],
    ...['projectName', 'event.type', 'event.metadata', 'actor.type', 'actor.metadata'],
  ],
  async *pages({ origin, token, from, to }) {
    const dates = `startDate=${new Date(from).toISOString()}&endDate=${new Date(to).toISOString()}`;
    for (let offset = 0; ; offset += LIMIT) {
      const url = `${origin}/api/v1/organization/audit-logs?${dates}&offset=${offset}&limit=${LIMIT}`;
      const response = await get(url, { authorization: `Bearer ${token}` });
      const { auditLogs } = (await response.json()) as { auditLogs: readonly Row[] };
      yield auditLogs;
      if (auditLogs.length < LIMIT) return;
    }
  },
};
