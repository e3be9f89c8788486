/** The workflow run, as the manifest has it; each field is '' where the runner does not say. */
export interface WorkflowRun {
  readonly repository: string;
  readonly workflow: string;
  readonly run_id: string;
  readonly run_attempt: string;
  readonly sha: string;
  readonly actor: string;
  readonly event: string;
}

/** Reads the workflow run, the address of its server (`https://github.com`), and its own (`…/owner/repository/actions/runs/1`). */
export function readWorkflowRun(env: Readonly<Record<string, string | undefined>>): {
  workflowRun: WorkflowRun;
  serverUrl: string;
  runUrl: string;
} {
  const get = (name: string) => env[`GITHUB_${name}`] ?? '';
  const workflowRun = {
    repository: get('REPOSITORY'),
    workflow: get('WORKFLOW'),
    run_id: get('RUN_ID'),
    run_attempt: get('RUN_ATTEMPT'),
    sha: get('SHA'),
    actor: get('ACTOR'),
    event: get('EVENT_NAME'),
  };
  const serverUrl = get('SERVER_URL') || 'https://github.com';
  return {
    workflowRun,
    serverUrl,
    runUrl: `${serverUrl}/${workflowRun.repository}/actions/runs/${workflowRun.run_id}`,
  };
}
