/** Every target, in the order of the walk from inputs to what was delivered. */

import type { Target } from './target.ts';
import { csvRead } from './targets/csv-read.ts';
import { csvWrite } from './targets/csv-write.ts';
import { durations } from './targets/durations.ts';
import { filters } from './targets/filters.ts';
import { gitNames } from './targets/git-names.ts';
import { http } from './targets/http.ts';
import { inputs } from './targets/inputs.ts';
import { instants } from './targets/instants.ts';
import { json } from './targets/json.ts';
import { jsonRows } from './targets/json-rows.ts';
import { manifests } from './targets/manifests.ts';
import { native } from './targets/native.ts';
import { templates } from './targets/templates.ts';
import { vendorAnswers } from './targets/vendors.ts';
import { windows } from './targets/windows.ts';

export const TARGETS: readonly Target[] = [
  ...[inputs, durations, windows, filters, templates, gitNames],
  ...[http as Target, json, csvRead, instants, vendorAnswers, native, jsonRows, csvWrite, manifests],
];
