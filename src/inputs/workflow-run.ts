/** The workflow run, for the manifest; '' where the runner does not say. */
export interface WorkflowRun {
  readonly repository: string;
  readonly workflow: string;
  readonly run_id: string;
  readonly run_attempt: string;
  readonly sha: string;
  readonly actor: string;
  readonly event: string;
}

/** The run that the environment names, its server (`https://github.com`), and its address there (`…/owner/repository/actions/runs/1`). */
export function readWorkflowRun(env: Readonly<Record<string, string | undefined>>): {
  run: WorkflowRun;
  serverUrl: string;
  runUrl: string;
} {
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
  const serverUrl = get('SERVER_URL') || 'https://github.com';
  return { run, serverUrl, runUrl: `${serverUrl}/${run.repository}/actions/runs/${run.run_id}` };
}
