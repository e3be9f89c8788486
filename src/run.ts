/** The workflow run, for the manifest; '' where the runner does not say. */
export interface Run {
  readonly repository: string;
  readonly workflow: string;
  readonly run_id: string;
  readonly run_attempt: string;
  readonly sha: string;
  readonly actor: string;
  readonly event: string;
}

/** The run that the environment names, and its address `https://github.com/owner/repository/actions/runs/1`. */
export function readRun(env: Readonly<Record<string, string | undefined>>): { run: Run; runUrl: string } {
  const get = (name: string) => env[`GITHUB_${name}`] ?? '';
  const run = {
    repository: get('REPOSITORY'),
    workflow: get('WORKFLOW'),
    run_id: get('RUN_ID'),
    run_attempt: get('RUN_ATTEMPT'),
    sha: get('SHA'),
    actor: get('ACTOR'),
    event: get('EVENT_NAME'),
  };
  return { run, runUrl: `${get('SERVER_URL') || 'https://github.com'}/${run.repository}/actions/runs/${run.run_id}` };
}
